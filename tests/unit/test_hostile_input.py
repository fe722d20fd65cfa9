"""What the fuzzers of tests/fuzz found, and bombs that they would not come upon."""

import json
import pickle
import struct
import sys
import time
import zipfile
from dataclasses import asdict

import h5py
import numpy as np
import pytest
import soundfile
import torch
import videos
import yaml
from generators.mosei import write_csd
from helpers.corpora import reader_of
from helpers.models import TASK, build, described
from helpers.plans import plan_of
from helpers.tasks import CLASSIFICATION
from torch import nn

from robust_mer.corpora.cmu_mosei import read_labelled
from robust_mer.corpora.csd import Sequence
from robust_mer.corpora.utterances import Reading
from robust_mer.corpora.wdseg import parse_wdseg
from robust_mer.corruption.corrupt import read_alpha_bars
from robust_mer.data import Normaliser
from robust_mer.engine.checkpoint import load_checkpoint, save_checkpoint
from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.audio import decode_audio
from robust_mer.features.extract import read_utterances
from robust_mer.features.utterance import Utterance
from robust_mer.features.video import Clip
from robust_mer.report.layouts import read_layouts
from robust_mer.store import read_features, write_features
from robust_mer.table import read_table
from robust_mer.training.saved import Saved

# numpy accepts any 32 bits as a character; the other libraries do not
BEYOND = str(np.array([0x61, 0x62, 0xC0000031], "<u4").view("<U3")[0])


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "is13.h5"
    frames = [np.ones((2, 3), "f4"), np.ones((1, 3), "f4")]
    write_features(path, ["a", "b"], frames, ["x", "y", "z"], 10.0, {}, "")
    return path


def elsewhere(tmp_path):
    """A file beside the corpus that nothing names."""
    path = tmp_path / "elsewhere.h5"
    with h5py.File(path, "w") as file:
        file["values"] = np.full((3, 3), 42, "f4")
    return path


def replace(path, name, put):
    with h5py.File(path, "a") as file:
        del file[name]
        put(file)


def test_links_to_other_files_are_not_followed(store, tmp_path):
    link = h5py.ExternalLink(str(elsewhere(tmp_path)), "/values")
    replace(store, "values", lambda file: file.__setitem__("values", link))
    with pytest.raises(InputError, match=r"is13\.h5: 'values' is a link to another file"):
        read_features(store)


def test_values_in_other_files_are_not_read(store, tmp_path):
    place = [(str(elsewhere(tmp_path)), 0, 36)]
    replace(store, "values", lambda f: f.create_dataset("values", (3, 3), "f4", external=place))
    with pytest.raises(InputError, match=r"is13\.h5: the values of 'values' are in another file"):
        read_features(store)


def test_virtual_values_are_not_read(store, tmp_path):
    layout = h5py.VirtualLayout((3, 3), "f4")
    layout[...] = h5py.VirtualSource(elsewhere(tmp_path), "values", (3, 3))
    replace(store, "values", lambda file: file.create_virtual_dataset("values", layout))
    with pytest.raises(InputError, match=r"is13\.h5: the values of 'values' are in another file"):
        read_features(store)


@pytest.mark.parametrize("shape", [(10**12, 3), (10**8, 3)])
def test_more_values_than_the_file_holds(store, shape):
    replace(store, "values", lambda f: f.create_dataset("values", shape, "f4", chunks=(64, 3)))
    with pytest.raises(InputError, match=r"is13\.h5: 'values' declares \d+ bytes"):
        read_features(store)


def test_zeros_that_were_compressed_are_no_bomb(store):
    zeros = np.zeros((3_000_000, 3), "f4")
    replace(store, "values", lambda f: f.create_dataset("values", data=zeros, compression=9))
    replace(store, "offsets", lambda f: f.__setitem__("offsets", [0, 1, 3_000_000]))
    assert read_features(store).values.shape == zeros.shape


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("offsets", np.array([0, 5, 3])),  # beyond the values, and back
        ("offsets", np.array([1, 2, 3])),
        ("offsets", np.array([0.0, 2.0, 3.0])),
        ("values", np.ones(3, "f4")),
        ("values", np.ones((3, 3), "i4")),
        ("values", np.ones((3, 4), "f4")),
        ("utterance", np.array([1, 2])),
        ("utterance", np.array([b"\xff", b"b"])),
        ("values", h5py.Empty("f4")),
    ],
)
def test_a_store_whose_parts_do_not_fit(store, name, value):
    replace(store, name, lambda file: file.__setitem__(name, value))
    with pytest.raises(InputError, match=r"is13\.h5"):
        read_features(store)


@pytest.mark.parametrize("value", ["[]", "{", h5py.Empty("f4"), np.zeros((2, 2))])
@pytest.mark.parametrize("key", ["settings", "versions", "frame_rate"])
def test_a_store_with_other_attributes(store, key, value):
    with h5py.File(store, "a") as file:
        file.attrs[key] = value
    with pytest.raises(InputError, match=r"is13\.h5"):
        read_features(store)


@pytest.mark.parametrize(
    "change",
    [
        lambda video: video.pop("features"),
        lambda video: video.update(features=np.float32(1)),
        lambda video: video.update(features=h5py.Empty("f4")),
        lambda video: video.update(features=np.array([(1, 2)], dtype=[("a", "f4"), ("b", "i2")])),
        lambda video: video.update(features=np.array([[b"x"], [b"y"]])),
        lambda video: video.update(intervals=np.zeros(2)),
        lambda video: video.update(intervals=np.float32(1)),
        lambda video: video.update(intervals="text"),
        lambda video: video.update(intervals=h5py.Empty("f4")),
        lambda video: video.update(intervals=np.array([b"x", b"y"])),
    ],
)
def test_a_sequence_of_another_shape(tmp_path, change):
    path = tmp_path / "Labels.csd"
    write_csd(path, "Labels", {"v": (np.zeros((2, 7)), np.array([[0, 1], [1, 2.0]]))})
    with h5py.File(path, "a") as file:
        video = {key: value[()] for key, value in file["Labels/data/v"].items()}
        change(video)
        del file["Labels/data/v"]
        for key, value in video.items():
            file[f"Labels/data/v/{key}"] = value
    with pytest.raises(InputError, match=r"Labels\.csd"):
        read_labelled(Sequence(path))


def test_a_name_that_no_file_can_have_is_a_missing_file(tmp_path):
    long = "x" * 300
    (tmp_path / "manifest.csv").write_text(
        f"utterance,session,speaker,label,audio\na,s,p,sad,{long}\nb,s,p,sad,x\0y\nc,s,p,sad,c\n"
    )
    (tmp_path / "c").touch()
    reading = reader_of("manifest", tmp_path).read()
    assert [row["audio"] for row in reading.rows] == ["", "", "c"]
    assert all("is missing" in what for _, _, what in reading.problems)


@pytest.mark.parametrize(
    "bad", ["a\nb", "a\tb", "a\0b", "a\rb", "a\x85b", "a\u2028b", "a\udcffb", BEYOND]
)
def test_control_characters_in_names_cost_the_utterance(bad):
    reading = Reading()
    reading.note("file", 0, f"{bad} is odd")
    assert reading.problems.pop()[2].isprintable()
    sound = {"utterance": "u", "session": "s", "speaker": "p", "label": "l", "text": "x\ny\0z"}
    reading.add(sound, "file", 1)
    for number, column in enumerate(("utterance", "session", "speaker", "label"), start=2):
        reading.add({**sound, "utterance": f"u{number}", column: bad}, "file", number)
    assert [row["text"] for row in reading.rows] == ["x\ny z"]
    assert reading.lost == 4
    assert "label 'a" in reading.problems[-1][2]
    assert "control character" in reading.problems[-1][2]


def test_a_number_of_a_thousand_digits_is_no_frame():
    with pytest.raises(UtteranceError, match=r"x\.wdseg, line 2 not understood"):
        parse_wdseg(f"SFrm EFrm SegAScr Word\n{'9' * 1000} 5 -1 word\n", "x.wdseg")


def test_a_line_of_commas_takes_no_minutes(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("a" + "," * 100_000 + "\n")
    for read in (read_table, read_alpha_bars, lambda path: read_utterances(path, tmp_path)):
        with pytest.raises(InputError, match=r"wide\.csv has 100001 columns"):
            read(path)


def test_a_row_of_commas_takes_no_minutes(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("fold,modality,alpha_bar\n1,audio,0.5" + "," * 100_000 + "\n")
    for read in (read_table, read_alpha_bars):
        with pytest.raises(InputError, match=r"wide\.csv has rows with more cells"):
            read(path)


def test_rows_that_are_longer_than_the_heading_are_not_shifted(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("utterance,word\nu1,well,0.1\nu1,yes,0.5\n")
    with pytest.raises(InputError, match=r"t\.csv has rows with more cells than its heading"):
        read_table(path)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b'"', b"a,b\n1,2,3\n1\n", b"fold,modality\nx,y\n"]
)
def test_what_is_no_schedule(tmp_path, content):
    path = tmp_path / "schedule.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"schedule\.csv"):
        read_alpha_bars(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x05\x06" + bytes(18),  # an archive of nothing
        b"PK\x03\x04 and no more",
        b"\x93NUMPY\x01\x00v\x00{'descr': [",
        b"cos\nsystem\n(S'touch pwned'\ntR.",
    ],
)
def test_what_is_no_npz(tmp_path, content):
    (tmp_path / "features.npz").write_bytes(content)
    reader = reader_of("npz", tmp_path)
    for read in (reader.read, lambda: reader.features("audio")):
        with pytest.raises(InputError, match=r"features\.npz"):
            read()


def test_an_entry_that_is_no_array(tmp_path):
    with zipfile.ZipFile(tmp_path / "features.npz", "w") as file:
        for name in ("utterance", "speaker", "label", "audio"):
            file.writestr(f"{name}.npy", b"no array")
    reader = reader_of("npz", tmp_path)
    for read in (reader.read, lambda: reader.features("audio")):
        with pytest.raises(InputError, match=r"features\.npz: .* is not an array"):
            read()


@pytest.mark.parametrize(
    "heading",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "[" * 50,
        "{'descr': '<f8', 'fortran_order': False, 'shape': (4, -3), }",
    ],
)
def test_arrays_with_impossible_headings(tmp_path, heading):
    fold = tmp_path / "target/1"
    fold.mkdir(parents=True)
    text = heading.encode() + b"\n"
    for name in ("trn_int2name.npy", "trn_label.npy"):
        (fold / name).write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text)
    with pytest.raises(InputError, match=r"trn_int2name\.npy"):
        reader_of("mmin", tmp_path).read()


@pytest.mark.parametrize("key", ["id", "labels"])
def test_lists_in_lists_in_lists(tmp_path, key):
    bomb = ["x"]
    for _ in range(40):
        bomb = [bomb, bomb]
    content = {"id": ["a"], "labels": [1.0], "audio": np.ones((1, 1, 1)), key: [bomb]}
    (tmp_path / "mosei_senti_data.pkl").write_bytes(pickle.dumps({"train": content}))
    with pytest.raises(InputError, match=r"mosei_senti_data\.pkl .*lists are nested too deeply"):
        reader_of("multibench", tmp_path).read()


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"facts": "[]"},
        {"facts": "1"},
        {"facts": "{"},
        {"facts": "[" * 100_000},
        {"facts": json.dumps({"identity": "x", "device": "cpu"})},
    ],
)
def test_a_broken_replica_is_trained_anew(tmp_path, content):
    head = json.dumps({"__metadata__": content}).encode()
    (tmp_path / ".replicas").mkdir()
    for name in ("a.safetensors", "a.progress.safetensors"):
        (tmp_path / ".replicas" / name).write_bytes(struct.pack("<Q", len(head)) + head)
    saved = Saved(tmp_path / "a.safetensors", tmp_path / "a.csv", "x")
    assert not saved.is_finished()
    assert saved.history("cpu") == []


@pytest.mark.parametrize(
    "facts",
    [
        {"implementation": "robust_mer.models.registry:MODELS"},
        {"implementation": "robust_mer.models.nothing:Here"},
        {"implementation": "os:system"},
        {"implementation": 3},
        {
            "implementation": "robust_mer.models.men.men:MEN",
            "settings": [],
            "inputs": {},
            "task": {**asdict(CLASSIFICATION), "description": {}},
        },
        [],
    ],
)
def test_a_checkpoint_cannot_name_what_is_no_model(tmp_path, facts):
    path = tmp_path / "fold1_seed1.safetensors"
    head = json.dumps({"__metadata__": {"facts": json.dumps(facts)}}).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head)
    with pytest.raises(InputError, match=r"fold1_seed1\.safetensors"):
        load_checkpoint(path)


def test_a_checkpoint_imports_code_outside_the_package_only_where_the_caller_trusts_it(
    tmp_path, monkeypatch
):
    (tmp_path / "own_model_of_file.py").write_text(
        "from robust_mer.models.men.men import MEN\n\n\nclass Mine(MEN):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    name = "own_model_of_file:Mine"
    facts = {
        **described("men"),
        "implementation": name,
        "inputs": {"audio": {"width": 3, "encoder": "recurrent"}},
        "task": {
            **asdict(CLASSIFICATION),
            "description": TASK.describe(),
        },
    }
    path = tmp_path / "fold1_seed1.safetensors"
    one = Normaliser(np.zeros(3, "f4"), np.ones(3, "f4"))
    save_checkpoint(path, build("men", {"audio": 3}), {"audio": one}, facts)
    for trusted in ((), ("another:Mine",)):
        with pytest.raises(InputError, match=r"not trusted: 'own_model_of_file:Mine'"):
            load_checkpoint(path, trusted)
    assert "own_model_of_file" not in sys.modules
    assert type(load_checkpoint(path, [name])[0]).__name__ == "Mine"
    task = {**facts["task"], "implementation": "own_model_of_file:Task"}
    save_checkpoint(path, build("men", {"audio": 3}), {"audio": one}, {**facts, "task": task})
    with pytest.raises(InputError, match=r"not trusted: 'own_model_of_file:Task'"):
        load_checkpoint(path, [name])


@pytest.mark.parametrize("change", ["shape", "missing", "more"])
def test_a_checkpoint_of_another_version_is_to_be_trained_again(tmp_path, change):
    facts = {
        **described("men"),
        "inputs": {"audio": {"width": 3, "encoder": "recurrent"}},
        "task": {**asdict(CLASSIFICATION), "description": TASK.describe()},
    }
    model = build("men", {"audio": 3})
    bias = model.get_parameter("classifier.0.bias")
    if change == "missing":
        del model.classifier[0]
    elif change == "shape":
        model.classifier[0].bias = nn.Parameter(torch.cat([bias, bias]).detach())
    else:
        model.classifier[0].another = nn.Parameter(bias.detach().clone())
    path = tmp_path / "fold1_seed1.safetensors"
    save_checkpoint(path, model, {"audio": Normaliser(np.zeros(3, "f4"), np.ones(3, "f4"))}, facts)
    with pytest.raises(
        InputError, match=r"weights are not those of .*MEN.*classifier.*train"
    ) as no:
        load_checkpoint(path)
    assert len(str(no.value).replace(str(path), "")) < 300


@pytest.mark.parametrize(
    "text", ["a", "a: 1", "a: {rows: 3}", "a: {cell: {}, rows: [{}], columns: [{}]}", "a: [", ""]
)
def test_what_is_no_layout(tmp_path, text):
    path = tmp_path / "layouts.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"layouts\.yaml"):
        read_layouts(path)


@pytest.mark.parametrize("rate", [1, 2**31 - 1, 2**32 - 1])
def test_a_recording_of_no_rate_that_there_is(tmp_path, rate):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(800), 16_000, "PCM_16")
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 24, rate)
    path.write_bytes(content)
    with pytest.raises(UtteranceError, match="audio cannot be decoded"):
        decode_audio(Utterance("u", path, None, "", None, None, "", True))


def test_a_recording_that_promises_hours_and_has_none(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros(8000), 16_000)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # the number of samples has 36 bits
    content[22:26] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    with pytest.raises(UtteranceError, match=r"audio (too short|cannot be decoded)"):
        decode_audio(Utterance("u", path, None, "", None, None, "", True))


def test_an_utterance_of_years_is_none(tmp_path):
    path = videos.write(tmp_path / "a.avi", [videos.numbered(i) for i in range(3)])
    with pytest.raises(UtteranceError, match="s are no utterance"):
        Clip(videos.utterance(path, 0.0, 1e12), 10.0)


# -- the config ----------------------------------------------------------------------------------


@pytest.fixture
def raw():
    with open("config.yaml", encoding="utf-8") as file:  # noqa: PTH123
        return yaml.safe_load(file)


NAMES = [
    "two words",
    "it's",
    'a"b',
    "new\nline",
    "demo\n",
    "$(touch pwned)",
    "`x`",
    "a;b",
    "../up",
    "/etc",
    "",
    "é",
    "-rf",
    "a/b",
    "x" * 101,
    "9lives",
    ".hidden",
    "a\0b",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("section", ["corpora", "models", "experiments", "extractors"])
def test_names_that_would_break_paths_or_shell_lines(raw, section, name):
    where = raw["features"] if section == "extractors" else raw
    where[section] = {**where[section], name: {**next(iter(where[section].values()))}}
    with pytest.raises(InputError, match=f"config: .*{section}"):
        plan_of(raw)


@pytest.mark.parametrize("name", [*NAMES, "clean\n"])
def test_corruptions_and_runs_of_such_names(raw, name):
    for change in (
        lambda given: given["experiments"]["demo"].update(corruptions=[name]),
        lambda given: given.update(run=[name]),
        lambda given: given["corruption"].update(named={name: ["clean", "gaussian_-10dB"]}),
    ):
        given = json.loads(json.dumps(raw))
        change(given)
        with pytest.raises(InputError, match="config: "):
            plan_of(given)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("models: {1: {}}", r"models has the key 1, expected text"),
        ("models: {men: {dropout: .nan}}", r"models\.men\.dropout is nan"),
        ("models: {men: {learning_rate: .inf}}", r"models\.men\.learning_rate is inf"),
        (f"models: {{men: {{batch_size: {'9' * 400}}}}}", r"batch_size is an integer of \d+ bits"),
        ("models: &a {men: *a}", "contains itself"),
        ("models: {men: {x: 2001-01-01}}", r"models\.men\.x is a date of YAML"),
        ("models: {men: !!binary aGFsbG8=}", r"models\.men is a bytes of YAML"),
    ],
)
def test_what_yaml_can_say_and_no_config_means(raw, line, told):
    with pytest.raises(InputError, match=f"config: .*{told}"):
        plan_of({**raw, **yaml.safe_load(line)})


def test_a_billion_laughs_are_not_laughed(raw):
    laugh = ["ha"]
    for _ in range(12):
        laugh = [laugh] * 9
    raw["corpora"]["demo"]["note"] = laugh
    began = time.process_time()
    with pytest.raises(InputError, match="config: more than 20000 values"):
        plan_of(raw)
    assert time.process_time() - began < 30  # it would be days


@pytest.mark.parametrize("root", ["x" * 5000, "no/where", "a\nb"])
def test_roots_that_cannot_be(raw, root):
    raw["corpora"]["demo"] = {**raw["corpora"]["demo"], "root": root}
    del raw["corpora"]["demo"]["generator"]
    with pytest.raises(InputError, match=r"config: corpora\.demo\.root"):
        plan_of(raw)
