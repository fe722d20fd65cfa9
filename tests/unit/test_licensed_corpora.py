"""IEMOCAP, MSP-IMPROV and CMU-MOSEI at full size, as generated from the releases' documentation."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from generators.iemocap import WITHOUT_ALIGNMENT, avi, make_iemocap
from generators.mosei import make_csd, write_csd
from generators.msp_improv import TURNS, make_msp_improv
from helpers.corpora import folds as write_folds
from helpers.corpora import import_modality, reader_of
from helpers.corpora import index as index_corpus

from robust_mer.corpora import cmu_mosei
from robust_mer.corpora.reader import FeatureReader, WordReader
from robust_mer.corpora.recognition import fitting_readers
from robust_mer.corpora.registry import READERS
from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError
from robust_mer.store import read_features
from robust_mer.table import read_table

SMALL = {"train": 40, "valid": 14, "test": 21}
ROOT = Path(__file__).parents[2]
SPLIT = {"split": "split.csv"}


def index(root, out, reader, max_left_out=0.0, **given):
    """Index a corpus; returns the utterances and the problems."""
    files = index_corpus(reader, root, out, max_left_out, **given)
    return read_table(files.utterances), read_table(files.problems)


def fold_sizes(out, **settings):
    """Sizes of the folds and what their parts share."""
    files = write_folds(out, **settings)
    sizes = pd.read_csv(files.folds).groupby(["fold", "part"]).size().unstack()
    checks = pd.read_csv(files.checks, keep_default_na=False)
    return sizes, checks.set_index(["fold", "parts", "shared"])["count"]


@pytest.fixture(scope="module")
def iemocap_tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora") / "IEMOCAP full rélease"
    make_iemocap(root)
    return root


@pytest.fixture(scope="module")
def iemocap_index(iemocap_tree, tmp_path_factory):
    """The folder of the index of four classes, its utterances and its problems."""
    out = tmp_path_factory.mktemp("index")
    return out, *index(iemocap_tree, out, "iemocap")


@pytest.fixture
def iemocap_copy(iemocap_tree, tmp_path):
    """A session of it, to be spoilt: all tables, and recordings of one dialogue."""
    shutil.copytree(iemocap_tree / "Session1/dialog", tmp_path / "tree/Session1/dialog")
    sentences = "Session1/sentences/wav/Ses01F_impro01"
    shutil.copytree(iemocap_tree / sentences, tmp_path / "tree" / sentences)
    return tmp_path / "tree"


def test_iemocaps_four_classes_and_ten_folds(iemocap_index):
    out, table, problems = iemocap_index
    assert table["label"].value_counts().to_dict() == {
        "happy": 1636,
        "angry": 1103,
        "sad": 1084,
        "neutral": 1708,
    }
    assert table["session"].value_counts(sort=False).to_dict() == {
        "Ses01": 1085,
        "Ses02": 1023,
        "Ses03": 1151,
        "Ses04": 1031,
        "Ses05": 1241,
    }
    assert table["speaker"].nunique() == 10
    assert table["dialogue"].nunique() == 151
    assert not table[["audio", "video", "start", "end", "text"]].eq("").any().any()
    same = table["utterance"].str[5] == table["utterance"].str.extract(r"_([FM])\d+$")[0]
    assert (table["region"].eq("left") == same).all()
    assert set(table.loc[table["alignment"] == "", "utterance"]) <= {WITHOUT_ALIGNMENT}
    scripted = table["utterance"].str.contains("script")
    assert (table["script"].eq("scripted") == scripted).all()
    # ids that the labels lack, and one transcript in ten in another encoding
    assert problems["problem"].str.contains("_FXX0 has no line in the labels").sum() == 151
    assert problems["problem"].str.startswith("is not UTF-8; read as cp1252").sum() == 10
    assert len(problems) == 161
    assert table["text"].str.startswith("It’s").any()

    sizes, shared = fold_sizes(out, scheme="session_speakers")
    assert len(sizes) == 10
    assert sizes.loc[1, ["train", "validation", "test"]].tolist() == [4446, 528, 557]
    assert sizes.loc[2, ["train", "validation", "test"]].tolist() == [4446, 557, 528]
    assert (sizes.sum(axis=1) == 5531).all()
    for part in ("validation", "test"):
        for what in ("speakers", "sessions", "dialogues", "recordings"):
            assert not shared[:, f"train and {part}", what].any()
        assert shared[:, f"train and {part}", "texts"].all()  # lines of the plays recur
    assert not shared[:, "validation and test", "speakers"].any()
    assert shared[1, "validation and test", "dialogues"] == 30


def test_iemocaps_six_classes_and_improvised_dialogues(iemocap_tree, tmp_path):
    table, _ = index(iemocap_tree, tmp_path, "iemocap", variant="six_classes")
    assert table["label"].value_counts().to_dict() == {
        "happy": 595,
        "excited": 1041,
        "angry": 1103,
        "sad": 1084,
        "neutral": 1708,
        "frustrated": 1849,
    }
    every = table["utterance"].str.contains("impro").sum()
    table, _ = index(iemocap_tree, tmp_path, "iemocap", variant="six_classes", improvised_only=True)
    assert set(table["script"]) == {"improvised"}
    assert len(table) == every


def test_iemocaps_sessions_as_folds_share_no_dialogue(iemocap_index):
    sizes, shared = fold_sizes(iemocap_index[0], scheme="session_groups", groups=5)
    assert sizes["test"].tolist() == [1085, 1023, 1151, 1031, 1241]
    assert not shared.drop("texts", level="shared").any()


def test_what_is_wrong_on_disk_is_listed_with_file_and_line(iemocap_copy, tmp_path):
    dialog = iemocap_copy / "Session1/dialog"
    path = dialog / "EmoEvaluation/Ses01F_impro01.txt"
    path.write_text(
        "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n"
        "[6.2901 - late]\tSes01F_impro01_F000\tneu\t[2.5, 2.5, 2.5]\n"
        "[7.1000 - 8.1000]\tSes01F_impro01_F001\tjoy\t[2.5, 2.5, 2.5]\n"
        "[8.2000 - 9.2000]\tSes01F_impro01_F002\tneu\t[2.5, 2.5, 2.5]\n"
        "[8.2000 - 9.2000]\tSes01F_impro01_F002\tsad\t[2.5, 2.5, 2.5]\n"
        "[9.3000 - 9.9000]\tSes01F_impro01_M000\tneu\t[2.5, 2.5, 2.5]\n"
    )
    (dialog / "transcriptions/Ses01F_impro01.txt").write_text(
        "Ses01F_impro01_F002 [008.2000-009.2000]: Yes.\nSes01F_impro01_F003 [9.1-9.2]: No.\n"
    )
    (dialog / "avi/DivX/Ses01F_impro01.avi").write_bytes(avi(9.2))
    (dialog / "transcriptions/Ses01F_impro03.txt").unlink()
    sentences = iemocap_copy / "Session1/sentences/wav/Ses01F_impro01"
    for recording in sentences.glob("*"):
        if recording.stem != "Ses01F_impro01_F002":
            recording.unlink()
    table, problems = index(iemocap_copy, tmp_path, "iemocap", max_left_out=0.01)
    own = problems[problems["file"] == str(path)]
    assert list(zip(own["line"], own["problem"], strict=True)) == [
        (
            "2",
            "not understood: '[6.2901 - late]\\tSes01F_impro01_F000\\tneu\\t[2.5, 2.5, 2.5]'; "
            "left out",
        ),
        ("3", "Ses01F_impro01_F001 has the unknown label 'joy'; left out"),
        ("5", "Ses01F_impro01_F002 is there already (line 4); left out"),
        ("6", "Ses01F_impro01_M000 has no line in Ses01F_impro01.txt"),
        (
            "6",
            "Ses01F_impro01_M000 ends at 9.90 s, but Session1/dialog/avi/DivX/"
            "Ses01F_impro01.avi is 9.20 s long",
        ),
    ]
    rest = set(zip(problems["file"], problems["line"], problems["problem"], strict=True))
    transcripts = dialog / "transcriptions"
    assert {
        (
            str(transcripts / "Ses01F_impro01.txt"),
            "2",
            "Ses01F_impro01_F003 has no line in the labels of Ses01F_impro01.txt; left out",
        ),
        (str(transcripts / "Ses01F_impro03.txt"), "0", "transcript is missing"),
        (str(sentences / "Ses01F_impro01_M000.wav"), "0", "is missing"),
        *((str(iemocap_copy / f"Session{n}"), "0", "session is missing") for n in (2, 3, 4, 5)),
    } <= rest
    rows = table[table["dialogue"] == "Ses01F_impro01"]
    assert rows["label"].tolist() == ["neutral", "neutral"]
    with pytest.raises(InputError, match=r"4 of \d+ utterances were left out.*max_left_out"):
        index(iemocap_copy, tmp_path, "iemocap")


@pytest.fixture(scope="module")
def msp_tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora") / "MSP-IMPROV"
    make_msp_improv(root)
    return root


def test_msp_improvs_counts_and_twelve_folds(msp_tree, tmp_path):
    table, problems = index(msp_tree, tmp_path, "msp_improv")
    assert table["label"].value_counts().to_dict() == {
        "angry": 792,
        "sad": 885,
        "happy": 2644,
        "neutral": 3477,
    }
    names = {"A": "angry", "S": "sad", "H": "happy", "N": "neutral"}
    for condition, (_, classes) in TURNS.items():
        found = table[table["condition"] == condition]["label"].value_counts().to_dict()
        assert found == {names[letter]: n for letter, n in classes.items()}
    assert not table[["audio", "video", "text"]].eq("").any().any()
    assert problems.empty
    sizes, shared = fold_sizes(tmp_path, scheme="session_speakers")
    assert len(sizes) == 12
    folds = pd.read_csv(tmp_path / "folds.csv").merge(table, on="utterance")
    tested = folds[folds["part"] == "test"].groupby("fold")["speaker"].unique()
    assert sorted(map(list, tested)) == [[f"{g}0{s}"] for g in "FM" for s in range(1, 7)]
    assert not shared[:, "train and test", "dialogues"].any()


def test_msp_improvs_other_layout_and_subset_t(tmp_path):
    root = tmp_path / "msp"
    make_msp_improv(root, "Evaluation.txt", apart=True, conditions="RT")
    table, _ = index(root, tmp_path, "msp_improv", conditions=["T"])
    assert table["audio"].str.startswith("Audio/session").all()
    assert table["video"].str.startswith("Video/session").all()
    assert table["label"].value_counts().to_dict() == {
        "angry": 115,
        "sad": 106,
        "happy": 136,
        "neutral": 283,
    }
    path = root / "Evaluation.txt"
    line = path.read_text().split("\n")[0]
    path.write_text(f"{line}\n{line.replace('; ', '; Q; ', 1)}\nUTD-IMPROV-nothing\n\n{line}\n")
    (root / "All_human_transcriptions" / "MSP-IMPROV-S01A-F09-S-MF01.txt").write_bytes(b"\xe9")
    with pytest.raises(InputError, match=r"1275 of 1276 utterances were left out"):
        index(root, tmp_path, "msp_improv", max_left_out=0.8)
    some, problems = index(root, tmp_path, "msp_improv", max_left_out=1.0)
    assert len(some) == 1
    told = problems["problem"].tolist()
    assert sum("unknown label 'Q'" in what for what in told) == 1
    assert sum("not understood: 'UTD-IMPROV-nothing'" in what for what in told) == 1
    assert sum("there already (line 1)" in what for what in told) == 1
    assert sum("no usable turn of session" in what for what in told) == 5
    assert "transcript of MSP-IMPROV-S01A-F09-S-MF01, which has no label; left out" in told
    with pytest.raises(
        InputError, match=r"corpora\.test\.conditions\.0 is 'X', expected one of P, R, S, T"
    ):
        index(root, tmp_path, "msp_improv", conditions=["X"])


@pytest.fixture
def mosei(tmp_path):
    root = tmp_path / "CMU MOSEI"
    root.mkdir()
    make_csd(root, SMALL, 20)
    return root


def import_one(root, out, modality, max_failed=0.0, **given):
    given = {**SPLIT, **given}
    files = import_modality("cmu_mosei", root, out, modality, max_failed, **given)
    return read_features(files.features)


def test_moseis_parts_are_its_folds(mosei, tmp_path):
    index(mosei, tmp_path, "cmu_mosei", **SPLIT)
    sizes, _ = fold_sizes(tmp_path, scheme="part")
    assert sizes.loc[1, ["train", "validation", "test"]].tolist() == [40, 14, 21]


def test_both_readings_of_zero(mosei, tmp_path):
    table, _ = index(mosei, tmp_path, "cmu_mosei", **SPLIT)
    zeros = 61 // 6  # of train and test, before they are turned negative: none of zero is
    other, _ = index(mosei, tmp_path, "cmu_mosei", zero="negative", **SPLIT)
    used = table["part"] != "validation"
    assert (table[used]["label"] == "negative").sum() == 20
    assert (other[used]["label"] == "negative").sum() == 20 + zeros
    assert set(table["label"]) == {"negative", "positive"}


def test_moseis_words_and_frames(mosei, tmp_path):
    table, problems = index(mosei, tmp_path, "cmu_mosei", **SPLIT)
    assert problems.empty
    row = table.set_index("utterance").loc["tr00001-_[2]"]
    assert row["text"] == "said in clip 2 of tr00001-_"
    assert [float(row["start"]), float(row["end"])] == [10, 15]
    place = table.index[table["utterance"] == "tr00001-_[2]"][0]
    audio = import_one(mosei, tmp_path, "audio").frames(place)
    # six words of 5/6 s, the third a pause; three ticks a second, whose values are their times
    starts = np.array([0, 1, 3, 4, 5]) * 5 / 6 + 10
    ticks = np.arange(7 * 15) / 3
    expected = [
        ticks[(ticks < start + 5 / 6 - 1e-9) & (ticks + 1 / 3 > start + 1e-9)].mean()
        for start in starts
    ]
    assert audio.shape == (5, 74)
    np.testing.assert_allclose(audio[:, 0], expected, rtol=1e-6)
    assert import_one(mosei, tmp_path, "text").frames(place).shape == (5, 300)
    frames = import_one(mosei, tmp_path, "video", align="none").frames(place)
    np.testing.assert_allclose(frames[:, 7], ticks[30:45], rtol=1e-6)
    two = import_one(mosei, tmp_path, "text", most_words=2).frames(place)
    assert len(two) == 2


def test_moseis_sequences_that_the_sdk_aligned(mosei, tmp_path):
    table, _ = index(mosei, tmp_path, "cmu_mosei", **SPLIT)
    frames = np.zeros((6, 74), "float32")
    frames[2:5] = 7
    data = {name: (frames, np.zeros((6, 2))) for name in table["utterance"][1:]}
    write_csd(mosei / "aligned.csd", "COVAREP", data)
    store = import_one(mosei, tmp_path, "audio", features={"audio": "aligned.csd"}, max_failed=0.5)
    assert np.diff(store.offsets)[1:].tolist() == [3] * (len(table) - 1)
    report = read_table(tmp_path / "imported_audio.csv")
    assert report["status"].tolist() == ["failed"] + ["ok"] * (len(table) - 1)
    assert report["looked_at"][1] == "6"
    with pytest.raises(InputError, match=r"1 of 75 utterances failed.*max_failed_fraction"):
        import_one(mosei, tmp_path, "audio", features={"audio": "aligned.csd"})


def test_moseis_texts_without_transcripts_are_the_words(mosei, tmp_path):
    shutil.rmtree(mosei / "Transcript")
    table, problems = index(mosei, tmp_path, "cmu_mosei", **SPLIT)
    assert table.set_index("utterance")["text"]["te00000-_[1]"] == "word6 word7 word9 word10 word11"
    assert problems.empty


def test_moseis_recordings_and_transcripts_that_do_not_fit(mosei, tmp_path):
    videos = mosei / "Videos/Full/Combined"
    videos.mkdir(parents=True)
    names = sorted(path.stem for path in (mosei / "Transcript/Segmented/Combined").iterdir())
    for name in names[1:]:
        (videos / f"{name}.mp4").write_bytes(b"")
    transcript = mosei / f"Transcript/Segmented/Combined/{names[0]}.txt"
    lines = transcript.read_text().split("\n")
    lines[0] = "no clip at all"
    lines[1] = f"{names[0]}___1___900___905___said elsewhere"
    transcript.write_text("\n".join(lines))
    (transcript.parent / "stranger.txt").write_text("")
    table, problems = index(mosei, tmp_path, "cmu_mosei", **SPLIT)
    assert table["video"].eq("").sum() == 7
    assert table["audio_is_cut"].eq("0").all()
    told = {(row.file.rpartition("/")[2], row.line, row.problem) for row in problems.itertuples()}
    assert told == {
        (f"{names[0]}.mp4", "0", "is missing"),
        (f"{names[0]}.txt", "1", "not understood: 'no clip at all'"),
        (f"{names[0]}.txt", "2", "clip without a label"),
        (f"{names[0]}.txt", "0", f"no clip has the times of {names[0]}[0]"),
        (f"{names[0]}.txt", "0", f"no clip has the times of {names[0]}[1]"),
        ("stranger.txt", "0", "transcript of a video without labels"),
    }


def test_the_standard_split(mosei, tmp_path):
    standard = pd.read_csv(ROOT / "resources/cmu_mosei_split.csv", dtype=str)
    assert standard["video"].is_unique
    counts = standard["part"].value_counts().to_dict()
    assert counts == {"train": 2249, "validation": 300, "test": 678}
    table, _ = index(mosei, tmp_path, "cmu_mosei")
    assert set(table["part"]) == {""}  # generated videos are not in it
    with pytest.raises(InputError, match="does not exist"):
        index(mosei, tmp_path, "cmu_mosei", split="absent.csv")
    (mosei / "wrong.csv").write_text("clip,fold\n1,train\n")
    with pytest.raises(InputError, match=r"lacks the columns video, part; it has clip"):
        index(mosei, tmp_path, "cmu_mosei", split="wrong.csv")


@pytest.mark.parametrize(
    ("reader", "sought"),
    [
        ("iemocap", "no Session1 ... Session5 of IEMOCAP"),
        ("msp_improv", "no Evalution.txt or Evaluation.txt of MSP-IMPROV"),
        ("cmu_mosei", "no CMU_MOSEI_Labels.csd of CMU-MOSEI"),
    ],
)
def test_a_wrong_root_says_what_was_sought_and_what_is_there(tmp_path, reader, sought):
    (tmp_path / "root/Session One").mkdir(parents=True)
    with pytest.raises(InputError, match=f"holds {sought}; found there: Session One"):
        index(tmp_path / "root", tmp_path, reader)


@pytest.mark.parametrize(
    ("file", "fitting"),
    [
        ("Session1/dialog/EmoEvaluation/Ses01F_impro01.txt", "iemocap"),
        ("Evalution.txt", "msp_improv"),
        ("CMU_MOSEI_Labels.csd", "cmu_mosei"),
        ("manifest.csv", "manifest"),
        ("target/1/trn_label.npy", "mmin"),
        ("mosei_senti_data.pkl", "multibench"),
        ("unaligned_50.pkl", "mmsa"),
        ("features.npz", "npz"),
    ],
)
def test_a_wrong_root_names_the_reader_that_fits(tmp_path, file, fitting):
    path = tmp_path / "root" / file
    path.parent.mkdir(parents=True)
    path.touch()
    assert fitting_readers(path.parents[file.count("/")]) == [fitting]
    reader = "msp_improv" if fitting == "iemocap" else "iemocap"
    with pytest.raises(InputError, match=f"looks like a corpus for `reader: {fitting}`$"):
        index(tmp_path / "root", tmp_path, reader)


def test_a_reader_does_not_name_itself_nor_one_for_a_folder_of_nonsense(tmp_path):
    (tmp_path / "notes.txt").touch()
    assert fitting_readers(tmp_path) == []
    (tmp_path / "manifest.csv").touch()
    with pytest.raises(InputError, match=r"folder with the table$"):
        index(tmp_path, tmp_path, "manifest", table="clips.csv")


def test_a_file_that_is_no_sequence_is_named(tmp_path):
    (tmp_path / "CMU_MOSEI_Labels.csd").write_bytes(b"not HDF5")
    with pytest.raises(InputError, match=r"Labels\.csd is not a computational sequence"):
        index(tmp_path, tmp_path, "cmu_mosei")


@pytest.mark.parametrize("name", READERS)
def test_a_run_can_be_planned_before_the_corpus_is_there(tmp_path, name):
    reader = reader_of(name, tmp_path)
    assert reader.tables() == []
    if isinstance(reader, FeatureReader):
        assert reader.sources("audio") == []
    if isinstance(reader, WordReader):
        assert reader.word_tables() == []


def test_a_segment_has_the_text_of_the_clip_with_its_times(tmp_path):
    """And not of a short one that lies inside it, too."""
    folder = tmp_path / cmu_mosei.TRANSCRIPTS
    folder.mkdir(parents=True)
    lines = ["v___0___0.0___10.0___a long sentence", "v___1___10.0___11.0___um"]
    (folder / "v.txt").write_text("\n".join(lines))
    segment = cmu_mosei.Segment("v[0]", 0.0, 11.2, 0.0, ())
    texts = cmu_mosei.texts_of(tmp_path, "v", [segment], None, Reading(), "")
    assert texts == {"v[0]": "a long sentence"}
