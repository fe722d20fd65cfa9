"""Features at another rate or averaged over words, from stores made by hand."""

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from robust_mer.data import read_corpus
from robust_mer.errors import InputError
from robust_mer.features.alignment import align_features, match
from robust_mer.features.bert import Bert, BertSettings
from robust_mer.features.pooling import word_numbers
from robust_mer.features.resampling import resample_features
from robust_mer.features.specs import (
    AlignFiles,
    AlignSpec,
    FeaturesTableFiles,
    FeaturesTableSpec,
    ResampleFiles,
    ResampleSpec,
)
from robust_mer.features.table import write_features_table
from robust_mer.features.utterance import Utterance
from robust_mer.features.weights import locate
from robust_mer.modality import Modality
from robust_mer.runtime import Runtime
from robust_mer.store import open_features, read_features, write_features

WORDS = [
    ("a", "ONE", 0.0, 0.35),
    ("a", "TWO", 0.35, 0.4),
    ("a", "THREE", 0.7, 0.9),
    ("b", "FOUR", 5.0, 6.0),
    ("d", "FIVE", 0.0, 0.1),
]
TEXTS = {"a": "One, two... three!", "b": "four", "c": "Six?", "d": "five"}


class Files:
    """An extraction's files, the words of its corpus, and the aligned features."""

    def __init__(self, folder):
        self.folder = folder
        self.words, self.problems = folder / "words.csv", folder / "problems.csv"
        self.index = folder / "utterances.csv"
        columns = ["utterance", "word", "start", "end"]
        pd.DataFrame(WORDS, columns=columns).to_csv(self.words, index=False)
        self.problems.write_text("utterance,problem\nc,c.wdseg is missing\n")
        table = pd.DataFrame({"utterance": TEXTS.keys(), "text": TEXTS.values()})
        table.to_csv(self.index, index=False)

    def extract(self, frames, rate=None, positions=None, name="source"):
        """Write a store of these frames by utterance, and its table."""
        width = np.asarray(frames[0]).size // len(frames[0])
        arrays = [np.asarray(values, np.float32).reshape(-1, width) for values in frames]
        path = self.folder / f"{name}.h5"
        names = [f"x{n}" for n in range(width)]
        settings = {"depth": 3}
        write_features(path, list(TEXTS), arrays, names, rate, settings, "abc", positions=positions)
        empty = ["" if len(values) else "no face found: 9 looked at" for values in arrays]
        table = pd.DataFrame({"utterance": list(TEXTS), "frames": [len(a) for a in arrays]})
        table["looked_at"], table["seconds"] = 9, 1.25
        table["status"] = ["ok" if len(values) else "empty" for values in arrays]
        table["reason"] = empty
        table.to_csv(path.with_suffix(".csv"), index=False)
        return path

    def align(self, source, modality="audio", not_finite=None):
        made = self.folder / f"{source.stem}@words.h5"
        table = made.with_suffix(".csv")
        align_features(
            AlignSpec(modality, not_finite),
            AlignFiles(
                source,
                source.with_suffix(".csv"),
                self.words,
                self.problems,
                self.index,
                features=made,
                table=table,
            ),
            Runtime(),
        )
        return read_features(made), pd.read_csv(table, keep_default_na=False, index_col="utterance")

    def resample(self, source, rate, not_finite=None):
        made = self.folder / f"{source.stem}@10Hz.h5"
        table = made.with_suffix(".csv")
        resample_features(
            ResampleSpec(rate, not_finite),
            ResampleFiles(source, source.with_suffix(".csv"), features=made, table=table),
            Runtime(),
        )
        return read_features(made), pd.read_csv(table, keep_default_na=False, index_col="utterance")


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


# Frames at 10 Hz, numbered: frame i is from i/10 to (i+1)/10 s.
TEN = [np.arange(10.0), np.arange(10.0), np.arange(3.0), np.zeros((0, 1))]


def test_frames_are_averaged_over_words(files):
    store, table = files.align(files.extract(TEN, rate=10.0))
    # ONE, 0 to 0.35 s: frames 0 to 3; TWO, 0.35 to 0.4: frame 3 again; THREE, 0.7 to 0.9: 7 and 8
    assert store.frames(0).tolist() == [[1.5], [3.0], [7.5]]
    assert np.diff(store.offsets).tolist() == [3, 0, 0, 0]
    assert (store.frame_rate, store.weights_sha256, store.names) == (None, "abc", ["x0"])
    assert store.settings == {"depth": 3, "aligned_to": "words"}
    assert table.loc["a"].tolist() == [3, 10, 1.25, "ok", ""]
    assert table.loc["b", ["status", "reason"]].tolist() == ["empty", "no frames during words"]
    assert table.loc["c", "status"] == "failed"
    assert table.loc["c", "reason"] == "no word times: c.wdseg is missing"
    # the extraction's reason stays, although the utterance has words
    assert table.loc["d"].tolist() == [0, 9, 1.25, "empty", "no face found: 9 looked at"]


def test_frames_with_gaps_lie_where_they_were_found(files):
    faces = [[10.0, 20.0, 30.0], [1.0], [], []]
    where = [np.array([0.2, 0.6, 0.8]), np.array([5.9]), np.zeros(0), np.zeros(0)]
    store, table = files.align(files.extract(faces, 5.0, where), "video")
    # a picture covers the fifth of a second after its time
    assert store.frames(0).tolist() == [[10.0], [10.0], [25.0]]
    assert store.frames(1).tolist() == [[1.0]]
    gone = [[10.0], [1.0], [], []]
    where = [np.array([0.8]), *where[1:]]
    store, table = files.align(files.extract(gone, 5.0, where), "video")
    assert store.frames(0).tolist() == [[0.0], [0.0], [10.0]]
    assert table.loc["a", "reason"] == "words without frames, which are zeros: 2 of 3"
    assert table.loc["a", "status"] == "ok"


def test_tokens_are_averaged_over_the_words_they_belong_to(files):
    nan = np.nan
    tokens = [[9.0, 1.0, 2.0, 4.0, 8.0, 9.0], [9.0, 5.0, 9.0], [7.0], [6.0]]
    where = [np.array([nan, 0, 0, 1, 2, nan]), np.array([nan, 0, nan]), np.zeros(1), np.zeros(1)]
    source = files.extract(tokens, None, where)
    store, _ = files.align(source, "text")
    assert store.frames(0).tolist() == [[1.5], [4.0], [8.0]]
    assert store.frames(1).tolist() == [[5.0]]
    assert np.diff(store.offsets).tolist() == [3, 1, 0, 1]


@pytest.mark.parametrize(
    ("transcript", "alignment", "spans"),
    [
        ("One, two... three!", "ONE TWO THREE", [(0, 1), (1, 2), (2, 3)]),
        ("I'm twenty-five now", "I'M TWENTY FIVE NOW", [(0, 1), (1, 2), (1, 2), (2, 3)]),
        ("[LAUGHTER] yeah", "++LAUGHTER++ YEAH", [(0, 1), (1, 2)]),
        # breath and filler are not in the transcript
        ("so what", "++BREATHING++ SO UH WHAT", [(0, 0), (0, 1), (1, 1), (1, 2)]),
        ("I am going to go", "I GONNA GO", [(0, 1), (1, 4), (4, 5)]),
        ("a b c d", "A X Y Z D", [(0, 1), (1, 2), (1, 3), (2, 3), (3, 4)]),
        ("-- no", "NO", [(1, 2)]),
        ("", "OH", [(0, 0)]),
    ],
)
def test_words_are_matched_by_their_letters(transcript, alignment, spans):
    assert match(transcript.split(), alignment.split()).tolist() == [list(span) for span in spans]


def test_a_word_that_the_transcript_lacks_becomes_zeros(files):
    files.words.write_text("utterance,word,start,end\na,WELL,0,1\na,ONE,1,2\na,THREE,3,4\n")
    where = [np.arange(3.0), np.zeros(0), np.zeros(0), np.zeros(0)]
    source = files.extract([[1.0, 2.0, 4.0], [], [], []], None, where)
    store, table = files.align(source, "text")
    assert store.frames(0).tolist() == [[0.0], [1.0], [4.0]]
    assert table.loc["a", "reason"].endswith("1 of 3")


def test_stores_that_do_not_tell_where_frames_lie_are_refused(files):
    source = files.extract(TEN)
    with pytest.raises(InputError, match="does not contain a frame rate"):
        files.align(source)
    with pytest.raises(InputError, match="which words its frames belong to"):
        files.align(source, "text")
    assert not (files.folder / "source@words.h5").exists()


def test_values_that_are_not_finite_are_replaced_before_they_spread(files):
    frames = [values.copy() for values in TEN]
    frames[0][1] = -np.inf
    source = files.extract(frames, 10.0)
    with pytest.raises(InputError, match="a has a value that is not finite in dimension 'x0'"):
        files.align(source)
    store, _ = files.align(source, not_finite=0.0)
    assert store.frames(0)[0, 0] == (0 + 0 + 2 + 3) / 4


def test_modalities_aligned_to_different_words_are_refused(files):
    pd.DataFrame({"fold": 1, "part": "train", "utterance": list(TEXTS)}).to_csv(
        files.folder / "folds.csv", index=False
    )
    index = pd.read_csv(files.index)
    index.assign(label="x").to_csv(files.index, index=False)
    audio = files.extract(TEN, 10.0, name="audio")
    text = files.extract(
        [[1.0, 2.0, 3.0], [5.0], [6.0], [7.0]],
        None,
        [np.arange(3.0), np.zeros(1), np.zeros(1), np.zeros(1)],
        name="text",
    )
    files.align(audio)
    files.align(text, "text")
    paths = {name: files.folder / f"{name}@words.h5" for name in ("audio", "text")}
    given = (files.index, files.folder / "folds.csv")
    modalities = [Modality(name, name, f"{name}@words", False, None) for name in paths]
    # if one modality has no frames, the other keeps its words
    corpus = read_corpus(*given, modalities, list(paths.values()))
    assert [np.diff(s.offsets).tolist() for s in corpus.features.values()] == [
        [3, 0, 0, 0],
        [3, 1, 0, 1],
    ]
    files.words.write_text("utterance,word,start,end\na,ONE,0,1\nb,FOUR,5,6\n")
    files.align(text, "text")
    with pytest.raises(InputError, match="a has 1 words in text, but 3 in another"):
        read_corpus(*given, modalities, list(paths.values()))


def test_resampling_keeps_what_is_slow_and_its_time(files):
    time = np.arange(400) / 100
    slow, fast = np.sin(2 * np.pi * time), np.sin(2 * np.pi * 20 * time)
    level = np.full(400, 3.0)
    values = np.stack([slow, fast, level], axis=1)
    store, table = files.resample(
        files.extract([values, values[:7], values[:1], values[:0]], 100.0), 10.0
    )
    assert np.diff(store.offsets).tolist() == [40, 1, 1, 0]
    assert (store.frame_rate, store.settings) == (10.0, {"depth": 3, "resampled_to": 10.0})
    expected = np.sin(2 * np.pi * np.arange(40) / 10)
    np.testing.assert_allclose(store.frames(0)[3:-3, 0], expected[3:-3], atol=0.01)
    assert (
        abs(store.frames(0)[10:-10, 1]).max() < 0.01
    )  # 20 Hz is more than 10 frames a second hold
    np.testing.assert_allclose(store.frames(0)[:, 2], 3, atol=1e-3)
    assert table.loc["a"].tolist() == [40, 400, 1.25, "ok", ""]


@pytest.mark.parametrize("wanted", [100.5, 101, 33.3333, 0.001])
def test_rates_that_frames_cannot_be_brought_to(files, wanted):
    with pytest.raises(InputError, match=r"source.h5: 100 frames .* such as 10"):
        files.resample(files.extract(TEN, 100.0), wanted)


@pytest.mark.parametrize("rate", [None, 5.0])
def test_frames_without_a_rate_of_their_own_are_not_resampled(files, rate):
    where = [np.arange(float(len(values))) for values in TEN]
    with pytest.raises(InputError, match="have no constant rate"):
        files.resample(files.extract(TEN, rate, where), 2.0)


def test_a_store_keeps_positions_where_there_are_some(files):
    nothing = [np.full(len(values), np.nan) for values in TEN]
    path = files.extract(TEN, 10.0, nothing)
    assert read_features(path).positions is None
    nothing[2][1] = 0.3
    path = files.extract(TEN, 10.0, nothing)
    with open_features(path) as store:
        where = store.starts(2)
    np.testing.assert_array_equal(where, np.array([np.nan, 0.3, np.nan], np.float32))


def test_which_word_a_token_is_of():
    text = " Oh, can't! 😀"
    offsets = np.array([(0, 0), (1, 3), (3, 4), (4, 8), (8, 9), (9, 11), (12, 13), (4, 5), (0, 0)])
    expected = [np.nan, 0, 0, 1, 1, 1, 2, np.nan, np.nan]
    np.testing.assert_array_equal(word_numbers(text, offsets), expected)
    assert len(word_numbers("", np.zeros((2, 2), int))) == 2


def utterance_of(text):
    return Utterance("u", None, None, "", None, None, text, True)


@pytest.mark.parametrize("text", ["Unbelievable, isn't it?", "  one\ntwo-three 😀 "])
def test_bert_tells_the_words_of_its_tokens_and_pools_them(text):
    tokens = Bert(BertSettings()).extract(utterance_of(text))
    tokenizer = AutoTokenizer.from_pretrained(locate(BertSettings().model, "model"))
    model = AutoModel.from_pretrained(locate(BertSettings().model, "model")).eval()
    # the tokenizer's own account, of a text that was cut into words before
    encoded = tokenizer(text.split(), is_split_into_words=True, return_tensors="pt")
    numbers = [np.nan if word is None else word for word in encoded.word_ids()]
    np.testing.assert_array_equal(tokens.positions, numbers)
    with torch.no_grad():
        states = model(**encoded).last_hidden_state[0].numpy()
    words = Bert(BertSettings(units="words")).extract(utterance_of(text))
    assert words.positions.tolist() == list(range(len(text.split())))
    for place, frame in enumerate(words.values):
        mine = [state for state, word in zip(states, numbers, strict=True) if word == place]
        np.testing.assert_allclose(frame, np.mean(mine, axis=0), atol=1e-5)


def test_table_of_features_counts_what_happened(files):
    source = files.extract(TEN, 10.0)
    files.align(source)
    paths = [files.folder / f"{name}.csv" for name in ("source", "source@words")]
    csv, md = files.folder / "features.csv", files.folder / "features.md"
    write_features_table(
        FeaturesTableSpec(("audio", "audio")), FeaturesTableFiles(paths, csv, md), Runtime()
    )
    table = pd.read_csv(csv, index_col="features", keep_default_na=False)
    columns = ["modality", "utterances", "ok", "empty", "failed", "frames", "seconds", "lost"]
    assert table.loc["source", columns].tolist() == [
        "audio",
        4,
        3,
        1,
        0,
        23,
        5.0,
        "no face found (1)",
    ]
    assert table.loc["source@words", columns].tolist() == [
        "audio",
        4,
        1,
        2,
        1,
        3,
        5.0,
        "no frames during words (1); no word times (1); no face found (1)",
    ]
    lines = md.read_text().splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| source | audio | 4 | 3 | 1 | 0 | 23 | 5.0 | no face found (1) |")
