"""Reader `npy`: label files and feature folders of GCNet and MERBench."""

import math
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from generators.gcnet import (
    FOLDERS,
    WIDTHS,
    iemocap_names,
    write_features,
    write_npz,
    write_pickle,
)
from helpers.corpora import folds, import_modality, index, reader_of
from helpers.plans import config_with, plan_of
from helpers.tasks import task

from robust_mer.corpora.npy import of_speaker
from robust_mer.corpora.recognition import fitting_readers
from robust_mer.errors import InputError
from robust_mer.store import read_features
from robust_mer.table import read_table

CLASSES = ["happy", "sad", "neutral", "angry"]
FOUR_WAY = "IEMOCAP_features_raw_4way.pkl"
NAMES = iemocap_names()
NUMBERS = {
    name: place % 4 for place, name in enumerate(one for names in NAMES.values() for one in names)
}
VIDEOS = {f"v{n}": [f"v{n}_{clip}" for clip in range(3)] for n in range(3)}
CLIPS = [name for names in VIDEOS.values() for name in names]


@pytest.fixture
def iemocap(tmp_path):
    """GCNet's folder of IEMOCAP, with labels of four classes and of six."""
    root = tmp_path / "IEMOCAP"
    root.mkdir()
    session_5 = {video for video in NAMES if video.startswith("Ses05")}
    parts = [set(NAMES) - session_5, session_5]
    write_pickle(root / FOUR_WAY, NAMES, NUMBERS, parts)
    six = {name: (number + 2) % 6 for name, number in NUMBERS.items()}
    write_pickle(root / "IEMOCAP_features_raw_6way.pkl", NAMES, six, parts)
    write_features(root, NUMBERS)
    return root


def read(root: Path, **given) -> pd.DataFrame:
    return reader_of("npy", root, **given).read().table()


def test_iemocap_has_a_fold_for_each_session(iemocap, tmp_path):
    table = read_table(index("npy", iemocap, tmp_path, classes=CLASSES).utterances)
    assert len(table) == len(NUMBERS)
    row = table.set_index("utterance").loc["Ses03F_impro01_M001"]
    assert dict(row[["session", "speaker", "dialogue"]]) == {
        "session": "Ses03",
        "speaker": "Ses03M",
        "dialogue": "Ses03F_impro01",
    }
    assert row["text"] == "Words of Ses03F_impro01_M001."
    assert row["label"] == CLASSES[NUMBERS["Ses03F_impro01_M001"]]
    assert [row[f"part_{fold}"] for fold in range(1, 6)] == [
        *("train", "train"),
        "test",
        *("train", "train"),
    ]
    made = pd.read_csv(folds(tmp_path, scheme="part", validation=0.1).folds)
    sizes = made.groupby("fold")["part"].value_counts().unstack()
    assert (sizes == {"train": 28, "validation": 4, "test": 8}).all(axis=None)


def test_a_label_set_is_chosen_by_its_file(iemocap):
    six = [*CLASSES, "excited", "frustrated"]
    table = read(iemocap, file="IEMOCAP_features_raw_6way.pkl", classes=six)
    label = table.set_index("utterance")["label"]
    assert label.to_dict() == {name: six[(n + 2) % 6] for name, n in NUMBERS.items()}


def test_classes_without_names_are_an_error(iemocap):
    with pytest.raises(InputError, match=r"match no published corpus.*setting classes"):
        read(iemocap)
    with pytest.raises(InputError, match="do not fit the sizes"):
        read(iemocap, classes=CLASSES[:3])


@pytest.mark.parametrize("kind", ["pkl", "npz"])
def test_sizes_of_all_of_iemocap_name_its_classes(tmp_path, kind):
    sizes = dict(zip(CLASSES, (1636, 1084, 1708, 1103), strict=True))
    numbers = [number for number, size in enumerate(sizes.values()) for _ in range(size)]
    labels = {f"v{place % 9}_{place}": number for place, number in enumerate(numbers)}
    if kind == "pkl":
        by_video = {f"v{n}": [name for name in labels if name[1] == str(n)] for n in range(9)}
        write_pickle(tmp_path / FOUR_WAY, by_video, labels, [set(by_video), set()])
    else:
        corpus = {name: {"emo": number, "val": -10} for name, number in labels.items()}
        write_npz(tmp_path / "label_4way.npz", {"whole": corpus})
    table = read(tmp_path, file=FOUR_WAY if kind == "pkl" else "label_4way.npz")
    assert table["label"].value_counts().to_dict() == sizes
    assert "valence" not in table


def test_features_of_a_file_and_of_the_speaker_in_a_folder(iemocap, tmp_path):
    index("npy", iemocap, tmp_path, classes=CLASSES)
    for modality, width in WIDTHS.items():
        files = import_modality("npy", iemocap, tmp_path, modality, classes=CLASSES)
        store = read_features(files.features)
        for name in ("Ses01F_impro01_F000", "Ses01F_impro01_M000"):
            path = iemocap / FOLDERS[modality] / f"{name}.npy"
            if modality == "video":
                path = path.with_suffix("") / f"compress_{name[-4]}.npy"
            frames = store.frames(store.row_of()[name])
            np.testing.assert_array_equal(frames, np.load(path).reshape(1, width))
        assert set(read_table(files.table)["status"]) == {"ok"}
    before = store.weights_sha256
    np.save(iemocap / FOLDERS["text"] / "Ses01F_impro01_F000.npy", np.ones(5))
    files = import_modality("npy", iemocap, tmp_path, "text", classes=CLASSES)
    assert read_features(files.features).weights_sha256 != before


def test_frames_pictures_and_what_cannot_be_read(tmp_path):
    sentiments = {name: float(place - 4) for place, name in enumerate(CLIPS)}
    write_pickle(tmp_path / "labels.pkl", VIDEOS, sentiments, [{"v0"}, {"v1"}, {"v2"}])
    folder = tmp_path / "manet_FRA"
    folder.mkdir()
    np.save(folder / "v0_0.npy", np.arange(12.0).reshape(4, 3) + 1)
    np.save(folder / "v0_1.npy", np.ones((1, 4, 3)))
    (folder / "v0_2").mkdir()
    for picture in range(5):
        np.save(folder / f"v0_2/{picture:03d}.npy", np.full(3, picture + 1.0))
    (folder / "v1_0").mkdir()
    np.save(folder / "v1_1.npy", np.zeros(3))
    np.save(folder / "v1_2.npy", np.ones((2, 4)))
    np.save(folder / "v2_0.npy", np.array([{"a": 1}]), allow_pickle=True)
    (folder / "v2_1.npy").write_bytes(b"\x93NUMPY\x01")
    given = {"file": "labels.pkl", "folders": {"video": "manet_FRA"}}
    index("npy", tmp_path, tmp_path, **given)
    files = import_modality("npy", tmp_path, tmp_path, "video", max_failed=0.5, **given)
    store, report = read_features(files.features), read_table(files.table).set_index("utterance")
    lengths = {name: len(store.frames(row)) for name, row in store.row_of().items()}
    assert lengths == {"v0_0": 4, "v0_1": 4, "v0_2": 5} | {
        f"v{v}_{clip}": 0 for v in (1, 2) for clip in range(3)
    }
    np.testing.assert_array_equal(store.frames(store.row_of()["v0_2"])[:, 0], [1, 2, 3, 4, 5])
    assert report["status"].to_dict() == dict(
        zip(lengths, 3 * ["ok"] + 2 * ["empty"] + 4 * ["failed"], strict=True)
    )
    assert "(2, 4), expected (frames, 3)" in report["reason"]["v1_2"]
    assert "v2_0.npy is not an array that can be read" in report["reason"]["v2_0"]
    assert report["reason"]["v2_2"] == "manet_FRA has no v2_2.npy"


def test_sentiments_are_numbers_and_classes(tmp_path):
    sentiments = {name: (place - 4) / 2 for place, name in enumerate(CLIPS)}
    write_pickle(tmp_path / "mosi.pkl", VIDEOS, sentiments, [{"v0"}, {"v1"}, {"v2"}])
    parts = {"train": "v0", "val": "v1", "test": "v2"}
    corpora = {
        part: {name: {"emo": 0, "val": sentiments[name]} for name in VIDEOS[video]}
        for part, video in parts.items()
    }
    write_npz(tmp_path / "label.npz", corpora)
    of_pickle = read(tmp_path, file="mosi.pkl")
    of_npz = read(tmp_path, file="label.npz")
    same = ["utterance", "speaker", "dialogue", "label", "part", "sentiment"]
    pd.testing.assert_frame_equal(of_pickle[same], of_npz[same])
    assert of_npz["label"].tolist() == 4 * ["negative"] + 5 * ["positive"]
    assert read(tmp_path, file="label.npz", zero="negative")["label"][4] == "negative"
    assert of_npz["part"].tolist() == 3 * ["train"] + 3 * ["validation"] + 3 * ["test"]
    assert of_npz["sentiment"].map(float).tolist() == list(sentiments.values())


def test_several_test_parts_and_unknown_valences(tmp_path):
    def corpus(part, valence):
        labels = zip(range(4), ("angry", "happy", "angry", "sad"), strict=True)
        return {f"sample_{part}{n}": {"emo": emo, "val": valence} for n, emo in labels}

    parts = {"train": corpus(0, -1.5), "test1": corpus(1, 2.0), "test3": corpus(3, -10)}
    write_npz(tmp_path / "label-6way.npz", parts)
    reading = reader_of("npy", tmp_path, file="label-6way.npz").read()
    table = reading.table()
    assert table["part"].tolist() == 4 * ["train"] + 8 * ["test"]
    assert table["subset"].tolist() == [part for part in parts for _ in range(4)]
    assert table["valence"].tolist() == 4 * ["-1.5"] + 4 * ["2"] + 4 * [""]
    assert table["speaker"].nunique() == 12
    assert "every utterance counts as a speaker of its own" in reading.problems[0][2]
    valence = task("regression", target="valence", target_range=[-5.0, 5.0])
    assert (
        len(
            read_table(
                index("npy", tmp_path, tmp_path, task=valence, file="label-6way.npz").utterances
            )
        )
        == 8
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{}, {}, {}, {}], r"holds a list of 4 items \(dict, dict, dict, dict\); expected a list"),
        ({"train": {}}, "holds a dict; expected a list of names"),
        (
            [{"v": ["a", "b"]}, {"v": [1]}, {"v": ["", ""]}, {"v": ["", ""]}, {"v"}, set()],
            "2, 1, 2, 2",
        ),
        ([{}, {}, {}, {}, {"v"}, set()], "is not a label file of GCNet"),
        ([{}, {}, {}, {}, set(), set()], "labels no utterance"),
        (math.sqrt, "contains math.sqrt"),
    ],
)
def test_pickles_of_another_layout_are_refused(tmp_path, content, message):
    (tmp_path / "labels.pkl").write_bytes(pickle.dumps(content, 3))
    with pytest.raises(InputError, match=message):
        read(tmp_path, file="labels.pkl")


def test_npz_files_of_another_layout_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    with pytest.raises(InputError, match="has the arrays x; expected train_corpus"):
        read(tmp_path, file="a.npz")
    write_npz(tmp_path / "b.npz", {"train": {"a": 3}})
    with pytest.raises(InputError, match="train_corpus holds a dict; expected a dict of emo"):
        read(tmp_path, file="b.npz")
    np.savez(tmp_path / "c.npz", train_corpus=np.array({"a": math.sqrt}, object))
    with pytest.raises(InputError, match=r"c\.npz contains math\.sqrt"):
        read(tmp_path, file="c.npz")


def test_what_is_missing_is_named_with_what_is_there(iemocap, tmp_path):
    with pytest.raises(InputError, match=r"no labels\.pkl; found there: IEMOCAP_features_raw_4way"):
        read(iemocap, file="labels.pkl")
    reader = reader_of("npy", iemocap, folders={"audio": "features/hubert-UTT"})
    with pytest.raises(InputError, match=r"features/hubert-UTT.*found there: deberta-large-4-UTT"):
        reader.features("audio")
    assert reader.sources("audio") == []
    (iemocap / "features/hubert-UTT").mkdir()
    with pytest.raises(InputError, match=r"hubert-UTT holds no \.npy files"):
        reader.features("audio")


def test_the_folder_is_recognised(iemocap, tmp_path):
    assert fitting_readers(iemocap) == ["npy"]
    assert "npy" not in fitting_readers(tmp_path)


def test_a_table_of_labels_is_a_manifest(tmp_path):
    rows = [f"c{n},s{n % 3},p{n % 3},{CLASSES[n % 2]},x{n}" for n in range(6)]
    table = ["utterance,session,speaker,label,mood", *rows]
    (tmp_path / "clips.csv").write_text("\n".join(table), encoding="utf-8")
    folder = tmp_path / "hubert-UTT"
    folder.mkdir()
    for n in range(6):
        np.save(folder / f"c{n}.npy", np.full(4, n + 1.0))
    given = {"file": "clips.csv", "folders": {"audio": "hubert-UTT"}}
    files = index("npy", tmp_path, tmp_path, **given, labels={"happy": "good", "sad": "bad"})
    assert read_table(files.utterances)[["label", "mood"]].values.tolist()[0] == ["good", "x0"]
    features = import_modality("npy", tmp_path, tmp_path, "audio", **given).features
    assert read_features(features).frames(0).tolist() == [[1.0] * 4]


def test_recordings_beside_imported_features(iemocap, tmp_path):
    """Two modalities are imported and the third is extracted from recordings."""
    (iemocap / "subaudio").mkdir()
    for name in list(NUMBERS)[1:]:
        (iemocap / f"subaudio/{name}.wav").write_bytes(b"RIFF")
    given = {"classes": CLASSES, "recordings": {"audio": "subaudio/{utterance}.wav"}}
    reading = reader_of("npy", iemocap, **given).read()
    audio = {row["utterance"]: row["audio"] for row in reading.rows}
    missing = next(iter(NUMBERS))
    assert audio.pop(missing) == ""
    assert audio == {name: f"subaudio/{name}.wav" for name in audio}
    assert reading.problems[0][2] == f"audio file subaudio/{missing}.wav is missing"
    with pytest.raises(InputError, match=r"none of 40 audio files exists, e\.g\. x/Ses01"):
        read(iemocap, classes=CLASSES, recordings={"audio": "x/{utterance}.wav"})
    with pytest.raises(InputError, match=r"expected a path with \{utterance\}"):
        read(iemocap, classes=CLASSES, recordings={"audio": "x.wav"})


@pytest.mark.parametrize("reader", ["npy", "cmu_mosei"])
def test_a_modality_is_imported_and_another_extracted(iemocap, reader):
    raw = config_with("gcnet_iemocap", root=iemocap)
    corpus = raw["corpora"]["gcnet_iemocap"]
    if reader == "cmu_mosei":
        del corpus["file"], corpus["folders"]
        corpus["reader"] = reader
    corpus["modalities"]["text"] = {"extractor": "minilm", "normalise": False}
    raw["run"] = ["gcnet_iemocap"]
    plan = plan_of(raw)
    extractors = [modality.extractor for modality in plan.corpora["gcnet_iemocap"].modalities]
    assert extractors == ["imported_audio", "imported_video", "minilm"]


@pytest.mark.parametrize(
    ("names", "read"),
    [
        (["compress_F", "compress_M"], ["compress_M"]),
        (["Frame_001", "Frame_002"], ["Frame_001", "Frame_002"]),  # no letter of a gender
        (["2_M", "10_M", "1_F"], ["2_M", "10_M"]),
        (["9", "10", "8"], ["8", "9", "10"]),
    ],
)
def test_which_files_of_a_folder_are_the_speakers_and_in_which_order(tmp_path, names, read):
    for name in names:
        np.save(tmp_path / f"{name}.npy", np.ones(2))
    found = of_speaker(tmp_path, "Ses01F_impro01_M000")
    assert [path.stem for path in found] == read
