"""Pickles: arrays and containers come back as they were, anything else is refused by its name."""

import collections
import datetime
import os
import pickle
import pickletools
import struct
import subprocess

import numpy as np
import pytest

from robust_mer.corpora.pickles import read_pickle
from robust_mer.errors import InputError

rng = np.random.default_rng(0)
CONTENT = {
    "large": rng.standard_normal((300, 50, 7)).astype("f4"),
    "by columns": np.asfortranarray(rng.standard_normal((30, 40))),
    "big endian": np.arange(5, dtype=">i4"),
    "objects": np.array(["a", None, 3, "ü"], dtype=object),
    "texts": np.array([["één", "b"], ["c", "d"]]),
    "bytes array": np.array([b"ab", b"c"]),
    "nothing": np.zeros((0, 3)),
    "true": np.array([True, False]),
    "scalar": np.float64(3.5),
    "one": np.int8(-3),
    "plain": [1, 2.5, None, True, "text\nü", (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), b"\x00\xff"],
    "deep": {"set": {1, 2}, "frozen": frozenset("ab"), "large": 2**80, "empty": [(), {}, ""]},
    "ordered": collections.OrderedDict(b=1, a=2),
    "long": "x" * 100_000,
    "list": list(range(3000)),
}


def dumped(path, content, protocol):
    path.write_bytes(pickle.dumps(content, protocol))
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_and_containers_of_all_protocols(tmp_path, protocol):
    content = {**CONTENT, "again": CONTENT["large"]}
    found = read_pickle(dumped(tmp_path / "a.pkl", content, protocol))
    assert list(found) == list(content)
    for key, value in content.items():
        if isinstance(value, np.ndarray):
            assert found[key].dtype == value.dtype, key
            np.testing.assert_array_equal(found[key], value, err_msg=key)
        else:
            assert found[key] == value, key
    assert found["again"] is found["large"]


def test_pickles_of_python_2(tmp_path):
    r"""As its cPickle wrote {'a': array([1., 2.]), 'id': ['x\\xe9']}: byte strings throughout."""

    def short(text):
        return b"U" + bytes([len(text)]) + text

    dtype = b"cnumpy\ndtype\n(" + short(b"f8") + b"K\x00K\x01tR(K\x03" + short(b"<")
    dtype += b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t" + short(b"b") + b"tR"
    data = struct.pack("<2d", 1, 2)
    array += b"(K\x01(K\x02t" + dtype + b"\x89T" + struct.pack("<I", len(data)) + data + b"tb"
    path = tmp_path / "old.pkl"
    path.write_bytes(
        b"\x80\x02}(" + short(b"a") + array + short(b"id") + b"]" + short(b"x\xe9") + b"au."
    )
    found = read_pickle(path)
    assert found["a"].tolist() == [1, 2]
    assert found["id"] == ["xé"]


def test_the_data_of_large_arrays_stay_in_the_file(tmp_path):
    path = dumped(tmp_path / "a.pkl", np.ones(10**6), 4)
    array = read_pickle(path)
    assert not array.flags.owndata
    assert not array.flags.writeable


class Call:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


MARK = "touched by a pickle"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    ("content", "name"),
    [
        (Call(os.system, f"touch '{MARK}'"), "posix.system"),
        (Call(subprocess.Popen, ["touch", MARK]), r"(subprocess|commands).Popen"),
        (Call(eval, f"open('{MARK}', 'w')"), r"(builtins|__builtin__).eval"),
        (Call(getattr, "text", "upper"), r"(builtins|__builtin__).getattr"),
        (Call(np.load, MARK), r"numpy\S*.load"),
        (datetime.date(2020, 1, 1), "datetime.date"),
        (collections.Counter("a"), "collections.Counter"),
        (np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), "arrays of the type 'V12'"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "arrays of the type 'M8'"),
    ],
)
def test_anything_else_is_refused_by_name(tmp_path, monkeypatch, content, name, protocol):
    monkeypatch.chdir(tmp_path)
    path = dumped(tmp_path / "evil.pkl", {"train": {"audio": content}}, protocol)
    with pytest.raises(InputError, match=rf"evil\.pkl contains {name}\. .*could run code"):
        read_pickle(path)
    assert not (tmp_path / MARK).exists()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "contains os.system"),
        (b"(S'true'\nios\nsystem\n.", "opcode INST"),
        (b"(cos\nsystem\nS'true'\no.", "contains os.system"),
        (b"\x80\x02cnumpy\nndarray\n)\x81.", "opcode NEWOBJ"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93)R.", "contains os.system"),
        (b"Pperson\n.", "opcode PERSID"),
        (b"\x80\x02\x82\x01.", "opcode EXT1"),
        # _reconstruct with another type, and a state for an object that is not an array
        (b"cnumpy.core.multiarray\n_reconstruct\n(cbuiltins\nset\n(K\x00tC\x01btR.", "no data"),
        (b"cnumpy.core.multiarray\n_reconstruct\n(ccollections\ndeque\n(tt.", "collections.deque"),
        (b"}(K\x01K\x02tb.", "expected _Unfinished"),
        (b"cnumpy\nndarray\n(K\x05tR.", "a type in place of data"),
        (b"cnumpy\ndtype\n.", "contains no data"),
        (b"c_codecs\nencode\n(Vrot\nVrot13\ntR.", "the encoding 'rot13'"),
        (b"", "empty"),
        (b"PK\x03\x04 a zip file", "not a pickle that can be read"),
        (b"\x80\x04]\x94(K\x01", "ends early"),
        (b"\x80\x04B\xff\xff\xff\x7fabc.", "ends early"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.", "ends early"),
        (b"a.", "not a pickle that can be read"),
        (b"(cnumpy\ndtype\nI1\nR.", "not a pickle"),
        (b"L1" + b"0" * 30 + b"L\nh\x05.", "not a pickle"),
        (b"h\x05.", "not a pickle that can be read"),
    ],
)
def test_made_up_pickles(tmp_path, source, told):
    (tmp_path / "made.pkl").write_bytes(source)
    with pytest.raises(InputError, match=told):
        read_pickle(tmp_path / "made.pkl")


def test_a_pickle_that_was_cut_off_is_no_pickle(tmp_path):
    path = dumped(tmp_path / "a.pkl", CONTENT, 4)
    whole = path.read_bytes()
    for length in range(1, len(whole) - 1, 997):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="not a pickle that can be read"):
            read_pickle(path)


def test_an_array_with_fewer_data_than_its_shape_says(tmp_path):
    source = pickle.dumps(np.arange(4, dtype="i1"), 2)
    (place,) = [p for code, arg, p in pickletools.genops(source) if arg == 4 and code.code == "K"]
    (tmp_path / "a.pkl").write_bytes(source[: place + 1] + b"\x7f" + source[place + 2 :])
    with pytest.raises(InputError, match="reshape"):
        read_pickle(tmp_path / "a.pkl")
