"""Published features: MMIN's tree, MultiBench's and MMSA's pickles, tables of arrays."""

import hashlib
import pickle
import re
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from generators.mmin import make_mmin
from generators.mosei import ids, make_mmsa, make_multibench
from helpers.corpora import folds as write_folds
from helpers.corpora import import_modality, index
from helpers.tasks import CLASSIFICATION

from robust_mer.data import read_corpus, read_labelled_corpus
from robust_mer.errors import InputError
from robust_mer.modality import Modality
from robust_mer.store import read_features
from robust_mer.table import read_table

ALL = ("audio", "video", "text")
SIZES = {"train": 40, "valid": 14, "test": 21}
MOSI = Path(__file__).parents[3] / "shared/data/mosi_utterance_features.npz"


class Import:
    """A corpus of published features, with its index and its features in ``out``."""

    def __init__(self, out, root, reader, max_failed=0.0, modalities=ALL, **given):
        self.index = index(reader, root, out, **given)
        self.table = read_table(self.index.utterances)
        self.features, self.reports = {}, {}
        for modality in modalities:
            files = import_modality(reader, root, out, modality, max_failed, **given)
            self.features[modality] = files.features
            self.reports[modality] = read_table(files.table)
        self.out = out

    def store(self, modality):
        return read_features(self.features[modality])

    def frames(self, modality, utterance):
        store = self.store(modality)
        return store.frames(store.row_of()[utterance])

    def folds(self, **settings):
        return pd.read_csv(write_folds(self.out, **settings).folds)


@pytest.fixture
def multibench(tmp_path):
    make_multibench(tmp_path / "mosei_senti_data.pkl", SIZES, negative=20)
    return tmp_path


def test_multibench(multibench, tmp_path):
    found = Import(tmp_path, multibench, "multibench")
    path = multibench / "mosei_senti_data.pkl"
    source = pickle.loads(path.read_bytes())
    assert found.table["part"].value_counts().to_dict() == {
        "train": 40,
        "validation": 14,
        "test": 21,
    }
    (row,) = found.table[found.table["utterance"] == "te00001-__5.0_7.0"].to_dict("records")
    assert row["speaker"] == row["dialogue"] == "te00001-_"
    assert row["label"] == ("positive" if source["test"]["labels"][9, 0, 0] >= 0 else "negative")
    used = found.table[found.table["part"] != "validation"]
    assert (used["label"] == "negative").sum() == 20
    for modality, width in (("audio", 74), ("video", 35), ("text", 300)):
        key = "vision" if modality == "video" else modality
        padded = source["test"][key][9]
        real = padded[np.argmax(padded.any(axis=1)) :]
        np.testing.assert_array_equal(found.frames(modality, row["utterance"]), real)
        store = found.store(modality)
        assert store.names == [f"f{place}" for place in range(width)]
        assert store.frame_rate is None
        assert store.weights_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert store.settings["file"] == "mosei_senti_data.pkl"
        assert store.utterances == found.table["utterance"].tolist()
    # frames of padding are counted, and values that are not finite
    padding = {
        key: (~np.concatenate([source[s][key] for s in source]).any(axis=2)).sum()
        for key in ("audio", "vision", "text")
    }
    for modality, key in (("audio", "audio"), ("video", "vision"), ("text", "text")):
        report = found.reports[modality]
        assert set(report["status"]) == {"ok"}
        cut = report["looked_at"].astype(int) - report["frames"].astype(int)
        assert cut.sum() == padding[key]
        assert (report["looked_at"] == "50").all()
    infinite = found.reports["audio"]["reason"].str.contains("not finite")
    assert infinite.sum() == found.store("audio").count_not_finite()[0] == 4 + 2 + 2


def test_what_was_imported_is_a_corpus_like_any_other(multibench, tmp_path):
    found = Import(tmp_path, multibench, "multibench")
    found.folds(scheme="part")
    refuse = [Modality(name, "", "", False, None) for name in found.features]
    replaced = [replace(one, not_finite=0.0 if one.name == "audio" else None) for one in refuse]
    tables = (found.index.utterances, found.out / "folds.csv")
    features = list(found.features.values())
    with pytest.raises(InputError, match=r"imported_audio\.h5: .* 'f3'.*not_finite: 0"):
        read_corpus(*tables, refuse, features)
    corpus = read_labelled_corpus(*tables, replaced, features, CLASSIFICATION)
    assert corpus.task.classes == ["negative", "positive"]
    assert {part: len(rows) for part, rows in corpus.parts[1].items()} == {
        "train": 40,
        "validation": 14,
        "test": 21,
    }


def test_multibenchs_own_reading_of_zero(multibench, tmp_path):
    table = Import(tmp_path, multibench, "multibench", modalities=(), zero="negative").table
    assert (table[table["part"] != "validation"]["label"] == "negative").sum() == 20 + 61 // 6


def test_numbers_too_large_for_float32_and_segments_of_padding_alone(tmp_path):
    path = tmp_path / "mosei_senti_data.pkl"
    make_multibench(path, SIZES, negative=20, dtype="float64", protocol=5)
    content = pickle.loads(path.read_bytes())
    content["test"]["text"][3] = 0
    content["test"]["vision"][4, -1, 0] = 1e300
    content["test"]["vision"][5, -1, 0] = np.nan
    path.write_bytes(pickle.dumps(content, 2))
    found = Import(tmp_path, tmp_path, "multibench")
    name = "te00000-__7.5_9.5"
    assert found.frames("text", name).shape == (0, 300)
    (row,) = found.reports["text"].query("utterance == @name").to_dict("records")
    assert (row["status"], row["reason"]) == ("empty", "nothing but padding")
    assert found.store("video").count_not_finite() == (2, 2)


def test_segments_of_one_name_are_told_apart(tmp_path):
    path = tmp_path / "mosei_senti_data.pkl"
    make_multibench(path, SIZES, negative=20)
    content = pickle.loads(path.read_bytes())
    for split in content.values():
        split["id"] = split["id"][:, :1]  # the video alone
    path.write_bytes(pickle.dumps(content))
    table = Import(tmp_path, tmp_path, "multibench").table
    assert table["utterance"].iloc[:3].tolist() == ["te00000-_[0]", "te00000-_[1]", "te00000-_[2]"]
    assert table["speaker"].nunique() == sum(-(-n // 7) for n in SIZES.values())


@pytest.mark.parametrize("aligned", [False, True])
def test_mmsa(tmp_path, aligned):
    path = tmp_path / "unaligned_50.pkl"
    make_mmsa(path, SIZES, 20, aligned)
    found = Import(tmp_path, tmp_path, "mmsa")
    source = pickle.loads(path.read_bytes())["train"]
    video, clip = ids(SIZES)["train"][8]
    name = f"{video}$_${clip}"
    (row,) = found.table[found.table["utterance"] == name].to_dict("records")
    assert row["speaker"] == video
    assert row["text"] == f"text of {video} {clip}"
    assert (found.table[found.table["part"] != "validation"]["label"] == "negative").sum() == 20
    tokens = int(source["text_bert"][8, 1].sum())
    np.testing.assert_array_equal(found.frames("text", name), source["text"][8, :tokens])
    for modality, key in (("audio", "audio"), ("video", "vision")):
        length = np.flatnonzero(source[key][8].any(axis=1))[-1] + 1
        np.testing.assert_array_equal(found.frames(modality, name), source[key][8, :length])
        first = found.frames(modality, "tr00000-_$_$0")
        real = np.flatnonzero(source[key][0].any(axis=1))
        # a frame of silence counts if the file contains the length
        assert len(first) == real[-1] + 1 - (real[0] if aligned else 0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c.pop("test") and c.update(extra=3), "expected train, valid and test"),
        (lambda c: c.update(half=c.pop("test")), "'half' is not a part"),
        (lambda c: c["train"].pop("labels"), "train needs labels with a row for each of 40"),
        (lambda c: c["valid"].update(audio=np.zeros((3, 50, 74))), r"it is an array of shape \(3"),
        (lambda c: c["valid"].update(audio=np.zeros((14, 50, 3))), "expected audio as numbers"),
        (lambda c: c["valid"].update(audio=np.zeros((14, 74))), "expected audio as numbers"),
        (lambda c: c["valid"].update(audio=np.full((14, 50, 74), "x")), "as numbers"),
    ],
)
def test_pickles_of_another_shape_are_refused(multibench, tmp_path, change, told):
    path = multibench / "mosei_senti_data.pkl"
    content = pickle.loads(path.read_bytes())
    change(content)
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match=told):
        Import(tmp_path, multibench, "multibench", modalities=["audio"])


def test_a_pickle_that_would_run_something_is_refused(tmp_path):
    (tmp_path / "mosei_senti_data.pkl").write_bytes(b"cos\nsystem\n(S'touch evil'\ntR.")
    with pytest.raises(InputError, match=r"contains os\.system"):
        Import(tmp_path, tmp_path, "multibench")


IEMOCAP_NAMES = [
    f"Ses0{s}{left}_impro0{n}_{who}00{n}"
    for s in range(1, 4)
    for left in "FM"
    for who in "FM"
    for n in range(1, 4)
]


def two_folds(names):
    return {
        fold: {
            "trn": [name for place, name in enumerate(names) if place % 3 != fold],
            "val": [name for place, name in enumerate(names) if place % 6 == fold],
            "tst": [name for place, name in enumerate(names) if place % 6 == fold + 3],
        }
        for fold in (1, 2)
    }


def test_mmins_tree_of_iemocap(tmp_path):
    root = tmp_path / "IEMOCAP_features"
    labels = {name: place % 4 for place, name in enumerate(IEMOCAP_NAMES)}
    make_mmin(root, labels, two_folds(IEMOCAP_NAMES))
    classes = ["angry", "happy", "sad", "neutral"]
    found = Import(tmp_path, root, "mmin", classes=classes)
    table = found.table.set_index("utterance")
    assert table["label"].to_dict() == {name: classes[n] for name, n in labels.items()}
    assert table.loc["Ses02F_impro01_M001", ["session", "speaker", "dialogue"]].tolist() == [
        "Ses02",
        "Ses02M",
        "Ses02F_impro01",
    ]
    folds = found.folds(scheme="part")
    for fold, parts in two_folds(IEMOCAP_NAMES).items():
        for part, ours in (("trn", "train"), ("val", "validation"), ("tst", "test")):
            rows = folds[(folds["fold"] == fold) & (folds["part"] == ours)]
            assert set(rows["utterance"]) == set(parts[part])
    checks = read_table(tmp_path / "fold_checks.csv").set_index(["fold", "parts", "shared"])
    assert int(checks.loc[("1", "train and test", "speakers"), "count"]) > 0
    store = found.store("audio")
    assert store.values.shape == (4 * len(IEMOCAP_NAMES), 130)
    with h5py.File(root / "A/comparE.h5") as file:
        np.testing.assert_array_equal(
            found.frames("audio", "Ses01F_impro01_F001"), file["Ses01F_impro01_F001"][:4]
        )
    digest = hashlib.sha256((root / "L/bert_large.h5").read_bytes()).hexdigest()
    assert found.store("text").weights_sha256 == digest


def test_mmins_tree_of_msp_improv_and_an_utterance_without_features(tmp_path):
    root = tmp_path / "MSP"
    names = [f"MSP-IMPROV-S01A-{g}0{s}-S-FM0{n}" for s in (1, 2) for g in "FM" for n in range(1, 7)]
    make_mmin(root, {name: place % 4 for place, name in enumerate(names)}, two_folds(names))
    with h5py.File(root / "V/denseface.h5", "a") as file:
        del file[names[0]]
    classes = ["angry", "happy", "neutral", "sad"]
    with pytest.raises(InputError, match=r"1 of 24 utterances failed.*no such utterance"):
        Import(tmp_path, root, "mmin", classes=classes)
    found = Import(tmp_path, root, "mmin", classes=classes, max_failed=0.1)
    assert found.table["speaker"].value_counts().to_dict() == dict.fromkeys(
        ["F01", "M01", "F02", "M02"], 6
    )
    assert found.reports["video"]["status"].value_counts().to_dict() == {"ok": 23, "failed": 1}
    assert found.frames("video", names[0]).shape == (0, 342)


def test_mmins_texts_as_its_released_code_sees_them(tmp_path):
    root = tmp_path / "IEMOCAP_features"
    labels = {name: place % 4 for place, name in enumerate(IEMOCAP_NAMES)}
    make_mmin(root, labels, two_folds(IEMOCAP_NAMES))
    with h5py.File(root / "L/bert_large.h5", "a") as file:
        file[IEMOCAP_NAMES[1]][:] = 0
    classes = ["angry", "happy", "sad", "neutral"]
    kept = Import(tmp_path, root, "mmin", classes=classes, keep_padding=["text"])
    with h5py.File(root / "L/bert_large.h5") as file:
        padded = file[IEMOCAP_NAMES[0]][()]
    np.testing.assert_array_equal(kept.frames("text", IEMOCAP_NAMES[0]), padded)
    assert len(kept.frames("text", IEMOCAP_NAMES[1])) == 0
    assert len(kept.frames("audio", IEMOCAP_NAMES[0])) == len(padded) - 1


def test_the_order_of_mmins_classes_is_told_from_their_sizes(tmp_path):
    """All of IEMOCAP, in an undocumented order: 5531 names in one fold."""
    sizes = {"neutral": 1708, "sad": 1084, "happy": 1636, "angry": 1103}
    order = list(sizes)
    names = [f"Ses01F_impro01_F{place:04}" for place in range(5531)]
    numbers = np.repeat(range(4), list(sizes.values()))
    folder = tmp_path / "target/1"
    folder.mkdir(parents=True)
    for part, first, step in (("trn", 0, 2), ("val", 1, 4), ("tst", 3, 4)):
        rows = slice(first, None, step)
        np.save(folder / f"{part}_label.npy", np.eye(4)[numbers[rows]])
        np.save(folder / f"{part}_int2name.npy", np.array(names[rows]).astype("S")[:, None])
    table = Import(tmp_path, tmp_path, "mmin", modalities=()).table
    assert table["label"].value_counts().to_dict() == sizes
    assert Import(tmp_path, tmp_path, "mmin", modalities=(), classes=order).table.equals(table)
    with pytest.raises(InputError, match=r"do not fit the sizes .* those are .*'neutral'"):
        Import(tmp_path, tmp_path, "mmin", modalities=(), classes=order[::-1])
    np.save(folder / "tst_label.npy", np.zeros(3))
    with pytest.raises(InputError, match=r"tst has \d+ names and 3 labels"):
        Import(tmp_path, tmp_path, "mmin", modalities=())


def test_the_order_of_unknown_classes_must_be_named(tmp_path):
    labels = {name: place % 4 for place, name in enumerate(IEMOCAP_NAMES)}
    make_mmin(tmp_path / "root", labels, two_folds(IEMOCAP_NAMES))
    with pytest.raises(InputError, match="name the classes in the order of their numbers"):
        Import(tmp_path, tmp_path / "root", "mmin")


def write_npz(path, **changes):
    rng = np.random.default_rng(0)
    arrays = {
        "id": np.array([f"v{n // 2}_{n}" for n in range(6)]),
        "who": np.array([f"v{n // 2}" for n in range(6)]),
        "emotion": np.array([0, 1, 0, 1, 0, 7], dtype="i1"),
        "fold": np.array(["train", "train", "dev", "dev", "test", "test"]),
        "sound": rng.standard_normal((6, 4)),
        "pulse": np.concatenate([rng.standard_normal((6, 3, 2)), np.zeros((6, 2, 2))], axis=1),
        **changes,
    }
    np.savez(path, **arrays)
    return arrays


COLUMNS = {"utterance": "id", "speaker": "who", "label": "emotion", "part": "fold"}
NPZ = {
    "file": "t.npz",
    "columns": COLUMNS,
    "arrays": {"audio": "sound", "pulse": "pulse"},
}


def test_npz_with_modalities_of_ones_own(tmp_path):
    arrays = write_npz(tmp_path / "t.npz")
    found = Import(tmp_path, tmp_path, "npz", modalities=("audio", "pulse"), **NPZ)
    assert found.table["label"].tolist() == ["0", "1", "0", "1", "0", "7"]
    assert found.table["session"].tolist() == found.table["speaker"].tolist()
    assert found.table["part"].tolist()[2:4] == ["validation"] * 2
    np.testing.assert_allclose(found.frames("audio", "v1_3"), arrays["sound"][3:4], rtol=1e-6)
    np.testing.assert_allclose(found.frames("pulse", "v1_3"), arrays["pulse"][3, :3], rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "given", "told"),
    [
        (
            {"emotion": np.array(["a", "b"] * 3, object)},
            {},
            r"'emotion' cannot be read safely.*numpy\.array\(column\.tolist\(\)\)",
        ),
        ({"sound": np.zeros((5, 4))}, {}, r"sound has the shape \(5, 4\)"),
        ({"who": np.array(["a"])}, {}, r"who has the shape \(1,\), expected \(6,\)"),
        ({"fold": np.array(["first"] * 6)}, {}, "'first' is not a part"),
        ({}, {"file": "../t.npz"}, "is outside the corpus' folder"),
        ({}, {"file": "u.npz"}, "holds no u.npz; found there: out, t.npz"),
        ({}, {"columns": {**COLUMNS, "label": "mood"}}, "no array 'mood'; it has id, who"),
        ({}, {"columns": {**COLUMNS, "txet": "id"}}, "column 'txet' looks like 'text'"),
        ({}, {"arrays": {"pulse": "pulse"}}, "no features of audio, only pulse"),
        (
            {},
            {"labels": {"0": "calm", "2": "sad"}},
            r"3 of 6 utterances were left out.*unknown label '1'",
        ),
    ],
)
def test_npz_that_does_not_fit(tmp_path, changes, given, told):
    write_npz(tmp_path / "t.npz", **changes)
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=told):
        Import(tmp_path / "out", tmp_path, "npz", modalities=("audio",), **{**NPZ, **given})


@pytest.mark.skipif(not MOSI.is_file(), reason=f"there is no {MOSI.name} beside the checkout")
def test_real_features_of_mosi(tmp_path):
    columns = {
        "utterance": "ids",
        "speaker": "video",
        "label": "label",
        "part": "split",
        "text": "transcript",
    }
    found = Import(
        tmp_path,
        MOSI.parent,
        "npz",
        file=MOSI.name,
        columns=columns,
        arrays={"audio": "audio", "video": "visual", "text": "text"},
        labels={"0": "negative", "1": "positive"},
    )
    assert found.table["part"].value_counts().to_dict() == {"train": 1447, "test": 752}
    assert found.store("audio").values.shape == (2199, 73)
    folds = found.folds(scheme="part", validation=0.1)
    assert re.fullmatch(r"1[0-9]{2}", str((folds["part"] == "validation").sum()))
