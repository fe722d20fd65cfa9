"""Readers, index and folds."""

import shutil

import pandas as pd
import pytest

from robust_mer.corpora import iemocap, manifest
from robust_mer.corpora.folds import make_folds
from robust_mer.corpora.index import changed_media, index_corpus
from robust_mer.errors import InputError

LABELS = iemocap.SETTINGS["labels"]


@pytest.fixture
def iemocap_root(tmp_path):
    """One dialogue, written by hand from the release's documentation with its quirks."""
    session = tmp_path / "Session1"
    for folder in ("dialog/EmoEvaluation/Categorical", "dialog/transcriptions",
                   "dialog/avi/DivX", "sentences/wav/Ses01F_impro01"):  # fmt: skip
        (session / folder).mkdir(parents=True)
    labels = session / "dialog/EmoEvaluation"
    (labels / "Ses01F_impro01.txt").write_text(
        "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
        "[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\n"
        "C-E2:\tNeutral;\t()\nC-F1:\tNeutral;\t(curious)\nA-E3:\tval 3; act 2; dom  2;\t()\n\n"
        "[10.0100 - 11.3925]\tSes01F_impro01_M000\texc\t[2.5000, 2.5000, 2.5000]\n"
        "C-E2:\tExcited;\t()\n\n"
        "[14.8872 - 18.0175]\tSes01F_impro01_F001\tfru\t[2.0000, 2.5000, 3.0000]\n\n"
        "[19.2900 - 20.7875]\tSes01F_impro01_M001\tang\t[2.0000, 2.5000, 3.0000]\n\n"
        "[not a time]\n"
    )
    (labels / "._Ses01F_impro01.txt").write_bytes(b"\x00\x05\x16\x07binary")
    (labels / "Categorical/Ses01F_impro01_e2_cat.txt").write_text("Ses01F_impro01_F000 :Sadness;\n")
    (session / "dialog/transcriptions/Ses01F_impro01.txt").write_bytes(
        b"Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.\n"
        b"M: Next!\n"
        b"Ses01F_impro01_M000 [010.0100-011.3925]: It\x92s fine.\n"
        b"Ses01F_impro01_FXX0 [012.0100-013.3925]: Nobody labelled this.\n"
    )
    (session / "sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav").write_bytes(b"RIFF")
    (session / "dialog/avi/DivX/Ses01F_impro01.avi").write_bytes(b"RIFF")
    return tmp_path


def test_iemocap(iemocap_root):
    reading = iemocap.read(iemocap_root, {"labels": LABELS})
    table = reading.table().set_index("utterance")
    assert list(table.index) == [
        "Ses01F_impro01_F000", "Ses01F_impro01_M000", "Ses01F_impro01_M001",
    ]  # fmt: skip
    assert table["label"].tolist() == ["neutral", "happy", "angry"]
    assert table["speaker"].tolist() == ["Ses01F", "Ses01M", "Ses01M"]
    assert table["region"].tolist() == ["left", "right", "right"]
    assert table["text"].tolist() == ["Excuse me.", "It’s fine.", ""]
    assert table.loc["Ses01F_impro01_F000", ["start", "end"]].tolist() == ["6.2901", "8.2357"]
    assert table["audio"].tolist() == [
        "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav", "", "",
    ]  # fmt: skip
    assert set(table["video"]) == {"Session1/dialog/avi/DivX/Ses01F_impro01.avi"}
    told = " ".join(what for _, _, what in reading.problems)
    assert "not understood" in told
    assert "cp1252" in told
    assert "Ses01F_impro01_M001 has no line" in told


def test_the_speaker_on_the_left_is_the_one_in_the_dialogues_name(iemocap_root):
    session = iemocap_root / "Session1"
    name = "Ses01M_script01_1"
    (session / f"dialog/EmoEvaluation/{name}.txt").write_text(
        f"[1.0000 - 2.0000]\t{name}_F000\tsad\t[1, 1, 1]\n"
        f"[3.0000 - 4.0000]\t{name}_M000\tsad\t[1, 1, 1]\n"
    )
    table = iemocap.read(iemocap_root, {"labels": LABELS}).table().set_index("utterance")
    assert table.loc[f"{name}_F000", ["speaker", "region"]].tolist() == ["Ses01F", "right"]
    assert table.loc[f"{name}_M000", ["speaker", "region"]].tolist() == ["Ses01M", "left"]


def test_iemocap_says_what_it_looked_for(tmp_path):
    (tmp_path / "IEMOCAP_full_release").mkdir()
    with pytest.raises(InputError, match=r"Session1.*found there: IEMOCAP_full_release"):
        iemocap.read(tmp_path, {"labels": LABELS})


def write_manifest(root, **columns):
    table = {
        "utterance": ["u1", "u2"], "session": ["s1", "s1"], "speaker": ["p1", "p2"],
        "label": ["happy", "sad"], "audio": ["a/u1.wav", "a/u2.wav"],
        "text": ["NA", "say, \"hi\"\nthere"], **columns,
    }  # fmt: skip
    pd.DataFrame(table).to_csv(root / "manifest.csv", index=False)
    (root / "a").mkdir(exist_ok=True)
    (root / "a/u1.wav").write_bytes(b"one")
    return manifest.read(root, manifest.SETTINGS)


def test_manifest(tmp_path):
    reading = write_manifest(tmp_path)
    table = reading.table()
    assert table["text"].tolist() == ["NA", 'say, "hi"\nthere']
    assert table["audio"].tolist() == ["a/u1.wav", ""]
    assert table["audio_is_cut"].tolist() == ["1", "1"]
    assert reading.problems == [
        (str(tmp_path / "manifest.csv"), 3, "audio file a/u2.wav is missing")
    ]


def test_manifest_with_times(tmp_path):
    reading = write_manifest(tmp_path, start=["0.5", "2"], end=["1", "1"])
    assert [row["utterance"] for row in reading.rows] == ["u1"]
    assert reading.rows[0]["audio_is_cut"] == "0"
    assert "not times" in reading.problems[-1][2]


@pytest.mark.parametrize("path", ["../outside.wav", "/etc/passwd", "a/../../outside.wav"])
def test_a_path_that_leaves_the_corpus_is_refused(tmp_path, path):
    with pytest.raises(InputError, match="leaves the corpus"):
        write_manifest(tmp_path, audio=["a/u1.wav", path])


def test_a_link_to_another_disk_is_the_owners_choice(tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    (tmp_path / "disk.wav").write_bytes(b"elsewhere")
    (root / "link.wav").symlink_to(tmp_path / "disk.wav")
    reading = write_manifest(root, audio=["a/u1.wav", "link.wav"])
    assert [row["audio"] for row in reading.rows] == ["a/u1.wav", "link.wav"]


def test_columns_of_a_manifest_are_checked(tmp_path):
    with pytest.raises(InputError, match=r"unknown columns \['lable'\]"):
        write_manifest(tmp_path, lable=["x", "y"])


def test_two_utterances_of_one_name_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"twice.*u1"):
        write_manifest(tmp_path, utterance=["u1", "u1"]).table()


def test_the_index_remembers_recordings(tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    write_manifest(root)
    out = [tmp_path / name for name in ("utterances.csv", "problems.csv", "media.csv")]
    reader = {"implementation": "robust_mer.corpora.manifest:read", "settings": manifest.SETTINGS}
    index_corpus(*out, root, reader)
    media = out[2]
    assert changed_media(media, root) == []
    shutil.copy(root / "a/u1.wav", root / "a/again.wav")
    (root / "a/again.wav").rename(root / "a/u1.wav")  # touched, not changed
    assert changed_media(media, root) == []
    (root / "a/u1.wav").write_bytes(b"two")
    assert changed_media(media, root) == ["a/u1.wav"]
    (root / "a/u1.wav").unlink()
    assert changed_media(media, root) == ["a/u1.wav"]


def corpus(sessions, speakers=2, utterances=3):
    rows = [
        {"utterance": f"s{s}p{p}u{u}", "session": f"s{s}", "speaker": f"s{s}p{p}"}
        for s in range(sessions)
        for p in range(speakers)
        for u in range(utterances)
    ]
    return pd.DataFrame(rows)


def speakers_of(folds, fold, part):
    rows = folds[(folds["fold"] == fold) & (folds["part"] == part)]
    return set(rows["utterance"].str[:4])


def test_session_speakers_is_iemocaps_protocol():
    folds = make_folds(corpus(5), "session_speakers", None)
    assert folds["fold"].nunique() == 10
    assert (folds.groupby("fold")["utterance"].nunique() == 30).all()
    for s in range(5):
        first, second = 2 * s + 1, 2 * s + 2
        assert speakers_of(folds, first, "validation") == {f"s{s}p0"}
        assert speakers_of(folds, first, "test") == {f"s{s}p1"}
        assert speakers_of(folds, second, "test") == {f"s{s}p0"}
        assert speakers_of(folds, first, "train") == speakers_of(folds, second, "train")
        assert len(speakers_of(folds, first, "train")) == 8


def test_session_groups_tests_everybody_once_and_shares_no_speaker():
    folds = make_folds(corpus(7), "session_groups", 3)
    tested = folds[folds["part"] == "test"]["utterance"]
    assert sorted(tested) == sorted(corpus(7)["utterance"])
    for fold in (1, 2, 3):
        parts = [speakers_of(folds, fold, part) for part in ("train", "validation", "test")]
        assert all(parts)
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])


def test_folds_that_do_not_fit_are_errors():
    with pytest.raises(InputError, match="two speakers"):
        make_folds(corpus(3, speakers=3), "session_speakers", None)
    with pytest.raises(InputError, match="between 3 and"):
        make_folds(corpus(2), "session_groups", 3)
    shared = corpus(4)
    shared["speaker"] = "p1"
    with pytest.raises(InputError, match="training and test at once"):
        make_folds(shared, "session_groups", 3)
    with pytest.raises(InputError, match="column part"):
        make_folds(corpus(3), "part", None)


def test_a_given_part_is_one_fold():
    table = corpus(3).assign(part=["train"] * 12 + ["validation"] * 3 + ["test"] * 3)
    folds = make_folds(table, "part", None)
    assert folds["fold"].unique().tolist() == [1]
    assert folds["part"].value_counts().to_dict() == {"train": 12, "validation": 3, "test": 3}
