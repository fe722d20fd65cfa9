"""Readers, index and folds."""

import shutil
import struct

import cv2
import numpy as np
import pandas as pd
import pytest
import soundfile
from generators.iemocap import avi
from helpers.corpora import index, reader_of

from robust_mer.corpora.durations import duration
from robust_mer.corpora.fold_checks import check_folds
from robust_mer.corpora.folds import FoldsSpec, make_folds
from robust_mer.corpora.index import changed_media
from robust_mer.errors import InputError
from robust_mer.features.audio import read_audio
from robust_mer.features.extract import read_utterances
from robust_mer.features.video import Clip
from robust_mer.files import fast_hash


@pytest.fixture
def iemocap_root(tmp_path):
    """One dialogue, written by hand from the release's documentation with its quirks."""
    session = tmp_path / "Session1"
    for folder in (
        "dialog/EmoEvaluation/Categorical",
        "dialog/transcriptions",
        "dialog/avi/DivX",
        "sentences/wav/Ses01F_impro01",
    ):
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
    reading = reader_of("iemocap", iemocap_root).read()
    table = reading.table().set_index("utterance")
    assert list(table.index) == [
        "Ses01F_impro01_F000",
        "Ses01F_impro01_M000",
        "Ses01F_impro01_M001",
    ]
    assert table["label"].tolist() == ["neutral", "happy", "angry"]
    assert table["speaker"].tolist() == ["Ses01F", "Ses01M", "Ses01M"]
    assert table["region"].tolist() == ["left", "right", "right"]
    assert table["text"].tolist() == ["Excuse me.", "It’s fine.", ""]
    assert table.loc["Ses01F_impro01_F000", ["start", "end"]].tolist() == ["6.2901", "8.2357"]
    assert table["audio"].tolist() == [
        "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav",
        "",
        "",
    ]
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
    table = reader_of("iemocap", iemocap_root).read().table().set_index("utterance")
    assert table.loc[f"{name}_F000", ["speaker", "region"]].tolist() == ["Ses01F", "right"]
    assert table.loc[f"{name}_M000", ["speaker", "region"]].tolist() == ["Ses01M", "left"]


def test_iemocap_says_what_it_looked_for(tmp_path):
    (tmp_path / "IEMOCAP_full_release").mkdir()
    with pytest.raises(InputError, match=r"Session1.*found there: IEMOCAP_full_release"):
        reader_of("iemocap", tmp_path).read()


def write_manifest(root, **columns):
    table = {
        "utterance": ["u1", "u2"],
        "session": ["s1", "s1"],
        "speaker": ["p1", "p2"],
        "label": ["happy", "sad"],
        "audio": ["a/u1.wav", "a/u2.wav"],
        "text": ["NA", 'say, "hi"\nthere'],
        **columns,
    }
    pd.DataFrame(table).to_csv(root / "manifest.csv", index=False)
    (root / "a").mkdir(exist_ok=True)
    (root / "a/u1.wav").write_bytes(b"one")
    return reader_of("manifest", root).read()


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
    assert "no times" in reading.problems[-1][2]


@pytest.mark.parametrize("path", ["../outside.wav", "/etc/passwd", "a/../../outside.wav"])
def test_a_path_that_leaves_the_corpus_is_refused(tmp_path, path):
    with pytest.raises(InputError, match="is outside the corpus"):
        write_manifest(tmp_path, audio=["a/u1.wav", path])


def test_a_link_to_another_disk_is_the_owners_choice(tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    (tmp_path / "disk.wav").write_bytes(b"elsewhere")
    (root / "link.wav").symlink_to(tmp_path / "disk.wav")
    reading = write_manifest(root, audio=["a/u1.wav", "link.wav"])
    assert [row["audio"] for row in reading.rows] == ["a/u1.wav", "link.wav"]


def test_further_columns_are_kept_and_misspelt_ones_are_refused(tmp_path):
    reading = write_manifest(tmp_path, script=["a", ""], Rating=["4.50", "NA"], lable=["x", "y"])
    assert reading.more == ["script", "Rating", "lable"]
    assert reading.table()["Rating"].tolist() == ["4.50", "NA"]
    with pytest.raises(InputError, match=r"column 'vidoe' looks like 'video', which is missing"):
        write_manifest(tmp_path, vidoe=["x", "y"])
    with pytest.raises(InputError, match=r"the index has a column 'audio_is_cut' with"):
        write_manifest(tmp_path, audio_is_cut=["1", "0"])


def test_the_second_utterance_of_a_name_is_left_out_and_said_so(tmp_path):
    reading = write_manifest(tmp_path, utterance=["u1", "u1"])
    assert reading.table()["label"].tolist() == ["happy"]
    path = str(tmp_path / "manifest.csv")
    assert reading.problems[-1] == (path, 3, "u1 is there already (line 2); left out")
    assert reading.lost == 1


def test_a_manifest_that_is_not_utf8_and_lines_that_cannot_be_read(tmp_path):
    (tmp_path / "manifest.csv").write_bytes(
        b"utterance,session,speaker,label,text\r\n"
        b"u1,s1,p1,happy,caf\xe9\r\n"
        b'u2,s1,p1,sad,"two\r\nlines"\r\n'
        b"u3,s1,p1,sad\r\n"
        b"\r\n"
        b",s1,p1,sad,nobody\r\n"
        b"u5,s1,p1,sad,a,b\r\n"
        b"u6,s1,p1,bored,well\r\n"
    )
    labels = {"happy": "good", "sad": "bad"}
    reading = reader_of("manifest", tmp_path, labels=labels).read()
    table = reading.table()
    assert table["label"].tolist() == ["good", "bad"]
    assert table["text"].tolist() == ["café", "two\nlines"]
    assert [(line, what) for _, line, what in reading.problems] == [
        (2, "is not UTF-8; read as cp1252 (line 2)"),
        (5, "has 4 cells, the heading 5; left out"),
        (7, "utterance is empty; left out"),
        (8, "has 6 cells, the heading 5; left out"),
        (9, "u6 has the unknown label 'bored'; left out"),
    ]
    with (tmp_path / "manifest.csv").open("ab") as file:
        file.write(b'u7,s1,p1,sad,"never closed\r\nu8,s1,p1,sad,lost\r\n')
    with pytest.raises(InputError, match=r"manifest\.csv, line 10: not a valid csv row"):
        reader_of("manifest", tmp_path).read()


def test_names_with_spaces_and_other_letters(tmp_path):
    root = tmp_path / "mein Korpus (1)"
    root.mkdir()
    for name in ("a é.wav", "ü b.mp4"):
        (root / name).write_bytes(name.encode())
    header = "utterance,session,speaker,label,audio,video\n"
    row = "Äußerung 1,s 1,Zoë,fröhlich,a é.wav,ü b.mp4\n"
    (root / "manifest.csv").write_text("\ufeff" + header + row, encoding="utf-8")
    reading = reader_of("manifest", root).read()
    assert not reading.problems
    assert reading.table().loc[0, ["utterance", "video"]].tolist() == ["Äußerung 1", "ü b.mp4"]


def mp4(seconds, version):
    """``moov/mvhd`` behind the data, as ISO 14496-12 has it; one box has its size in 64 bits."""
    if version:
        body = struct.pack(">B3xQQIQ", 1, 0, 0, 1000, round(1000 * seconds))
    else:
        body = struct.pack(">B3xIIII", 0, 0, 0, 600, round(600 * seconds))
    header = struct.pack(">I4s", 8 + len(body), b"mvhd") + body
    data = struct.pack(">I4sQ", 1, b"mdat", 16 + 5) + b"moov!"
    return (
        struct.pack(">I4s4s", 12, b"ftyp", b"isom")
        + data
        + struct.pack(">I4s", 8 + len(header), b"moov")
        + header
    )


def test_durations_of_headers(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 16000)
    soundfile.write(tmp_path / "a.flac", np.zeros(12000), 16000)
    soundfile.write(tmp_path / "b.mp3", np.zeros(32000), 16000)
    assert duration(tmp_path / "b.mp3") == pytest.approx(2, abs=0.1)
    (tmp_path / "b.mp3").unlink()
    (tmp_path / "a.avi").write_bytes(avi(12.6))
    (tmp_path / "a.mp4").write_bytes(mp4(7.25, 0))
    (tmp_path / "a.mov").write_bytes(mp4(3.5, 1))
    lengths = {path.suffix: duration(path) for path in tmp_path.iterdir()}
    assert lengths == {".wav": 0.5, ".flac": 0.75, ".avi": 12.6, ".mp4": 7.25, ".mov": 3.5}
    for name in ("a.wav", "a.avi", "a.mp4", "a.mov", "a.flac"):
        whole = (tmp_path / name).read_bytes()
        for length in (0, 3, 10, 30, 50):
            (tmp_path / name).write_bytes(whole[:length])
            assert not duration(tmp_path / name) or name == "a.wav"  # its header stands alone
    assert duration(tmp_path / "absent.avi") is None


@pytest.mark.parametrize("video", ["avi", "mp4", "mov"])
@pytest.mark.parametrize("audio", ["wav", "flac", "mp3"])
def test_formats_of_recordings(tmp_path, audio, video):
    soundfile.write(tmp_path / f"a.{audio}", np.zeros(40000), 16000)
    code = cv2.VideoWriter_fourcc(*("MJPG" if video == "avi" else "mp4v"))
    writer = cv2.VideoWriter(str(tmp_path / f"v.{video}"), code, 10, (32, 32))
    for _ in range(25):
        writer.write(np.zeros((32, 32, 3), np.uint8))
    writer.release()
    assert duration(tmp_path / f"v.{video}") == pytest.approx(2.5, abs=0.11)
    assert duration(tmp_path / f"a.{audio}") == pytest.approx(2.5, abs=0.11)
    (tmp_path / "manifest.csv").write_text(
        "utterance,session,speaker,label,audio,video,start,end\n"
        f"u1,s1,p1,good,a.{audio},v.{video},0.5,2\n"
    )
    reading = reader_of("manifest", tmp_path).read()
    reading.table().to_csv(tmp_path / "utterances.csv", index=False)
    (utterance,) = read_utterances(tmp_path / "utterances.csv", tmp_path)
    assert len(read_audio(utterance)) == 24000
    assert len(list(Clip(utterance, 10))) == 15


def test_times_outside_the_clip_are_told(tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    soundfile.write(root / "one.wav", np.zeros(16000), 16000)
    (root / "manifest.csv").write_text(
        "utterance,session,speaker,label,audio,start,end\n"
        "u1,s1,p1,good,one.wav,0.2,1.4\nu2,s1,p1,bad,one.wav,0.9,1.6\nu3,s1,p1,bad,one.wav,,\n"
    )
    files = index("manifest", root, tmp_path)
    problems = pd.read_csv(files.problems).to_numpy().tolist()
    path = str(root / "manifest.csv")
    assert problems == [[path, 3, "u2 ends at 1.60 s, but one.wav is 1.00 s long"]]
    assert len(pd.read_csv(files.utterances)) == 3


def test_the_index_remembers_recordings(tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    write_manifest(root)
    files = index("manifest", root, tmp_path)
    media = files.media
    assert changed_media(media, root) == []
    hash_of_all = files.recordings.read_text()
    shutil.copy(root / "a/u1.wav", root / "a/again.wav")
    (root / "a/again.wav").rename(root / "a/u1.wav")  # touched, not changed
    assert changed_media(media, root) == []
    index("manifest", root, tmp_path)
    assert files.recordings.read_text() == hash_of_all
    (root / "a/u1.wav").write_bytes(b"two")
    assert changed_media(media, root) == ["a/u1.wav"]
    index("manifest", root, tmp_path)
    assert files.recordings.read_text() != hash_of_all
    (root / "a/u1.wav").unlink()
    assert changed_media(media, root) == ["a/u1.wav"]


@pytest.mark.parametrize("size", [1000, 320_000, 8_000_000])
def test_an_edit_in_the_middle_of_a_recording_is_noticed(tmp_path, size):
    """As if a name were bleeped."""
    content = bytearray(np.random.default_rng(1).bytes(size))
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    before = fast_hash(path)
    assert fast_hash(path) == before
    content[size // 2 : size // 2 + size // 100] = bytes(size // 100)
    path.write_bytes(content)
    assert fast_hash(path) != before


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
    folds = make_folds(corpus(5), FoldsSpec("session_speakers"))
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
    folds = make_folds(corpus(7), FoldsSpec("session_groups", groups=3))
    tested = folds[folds["part"] == "test"]["utterance"]
    assert sorted(tested) == sorted(corpus(7)["utterance"])
    for fold in (1, 2, 3):
        parts = [speakers_of(folds, fold, part) for part in ("train", "validation", "test")]
        assert all(parts)
        assert not (parts[0] & parts[1])
        assert not (parts[0] & parts[2])
        assert not (parts[1] & parts[2])


def test_every_speaker_tests_once_and_shares_no_part():
    table = corpus(2, speakers=3)
    folds = make_folds(table, FoldsSpec("speakers"))
    assert folds["fold"].nunique() == 6
    for fold in range(1, 7):
        parts = [speakers_of(folds, fold, part) for part in ("train", "validation", "test")]
        assert [len(part) for part in parts] == [4, 1, 1]
        assert len(set.union(*parts)) == 6
    tested = folds[folds["part"] == "test"]["utterance"]
    assert sorted(tested) == sorted(table["utterance"])
    # a speaker in several sessions is no obstacle
    table["session"] = ["morning", "evening"] * 9
    pd.testing.assert_frame_equal(make_folds(table, FoldsSpec("speakers")), folds)


def test_speaker_groups():
    folds = make_folds(corpus(5, speakers=2), FoldsSpec("speaker_groups", groups=4))
    sizes = folds.groupby(["fold", "part"])["utterance"].size().unstack()
    assert sizes["test"].tolist() == [9, 9, 6, 6]
    assert sizes["validation"].tolist() == [9, 6, 6, 9]
    for fold in range(1, 5):
        parts = [speakers_of(folds, fold, part) for part in ("train", "validation", "test")]
        assert not (parts[0] & parts[1])
        assert not (parts[0] & parts[2])
        assert not (parts[1] & parts[2])
    with pytest.raises(InputError, match=r"number of speakers \(10\), not 11"):
        make_folds(corpus(5), FoldsSpec("speaker_groups", groups=11))


def test_given_parts_of_several_folds_and_utterances_in_none():
    table = corpus(3)
    table["part_1"] = ["train"] * 6 + ["validation"] * 6 + ["test"] * 6
    table["part_10"] = ["test"] * 6 + ["train"] * 6 + ["validation"] * 3 + [""] * 3
    folds = make_folds(table, FoldsSpec("part"))
    assert folds.groupby("fold").size().to_dict() == {1: 18, 10: 15}
    assert speakers_of(folds, 10, "test") == {"s0p0", "s0p1"}


def test_validation_is_taken_from_training_by_whole_speakers():
    table = corpus(10).assign(part=["train"] * 48 + ["test"] * 12)
    with pytest.raises(InputError, match="fold 1 has an empty part: validation"):
        make_folds(table, FoldsSpec("part"))
    folds = make_folds(table, FoldsSpec("part", validation=0.2))
    parts = [speakers_of(folds, 1, part) for part in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [12, 4, 4]
    assert not parts[0] & parts[1]
    # who validates hangs on names, not on the order of the table
    again = make_folds(table.iloc[::-1], FoldsSpec("part", validation=0.2))
    assert speakers_of(again, 1, "validation") == parts[1]
    table.loc[0, "part"] = "validation"
    with pytest.raises(InputError, match="has a validation part"):
        make_folds(table, FoldsSpec("part", validation=0.2))


def shared(table, scheme, media=None, **settings):
    """What parts share, by (parts, what), in the first fold."""
    columns = ["audio", "video", "start", "end", "text", "audio_is_cut"]
    table = table.assign(**{column: "" for column in columns if column not in table})
    media = pd.DataFrame(media or [], columns=["path", "bytes", "hash"], dtype=str)
    checks = check_folds(make_folds(table, FoldsSpec(scheme, **settings)), table, media, scheme)
    first = checks[checks["fold"] == 1]
    return dict(zip(first.set_index(["parts", "shared"]).index, first["count"], strict=True))


def test_what_parts_share_is_counted():
    table = corpus(3).assign(dialogue="d1")
    texts = [f"line {place}" for place in range(18)]
    texts[0], texts[6], texts[12], texts[13] = "Oh, NO!", "oh no", "Oh -- no.", ""
    texts[1] = ""
    table = table.assign(text=texts)
    counts = shared(table, "session_groups", groups=3)
    # fold 1 tests on s0, validates on s1, trains on s2
    assert counts["train and test", "texts"] == counts["train and validation", "texts"] == 1
    assert counts["validation and test", "texts"] == 1
    assert sum(counts.values()) == 3
    partners = shared(table, "session_speakers")
    assert partners["validation and test", "dialogues"] == 1
    assert partners["validation and test", "speakers"] == 0
    alone = shared(table.assign(session="s1"), "speakers")
    assert alone["train and test", "sessions"] == alone["train and test", "dialogues"] == 1
    assert alone["train and test", "speakers"] == 0


def test_recordings_of_the_same_content_are_counted():
    table = corpus(3)
    table["audio"] = [f"{place}.wav" for place in range(18)]
    table["video"] = "one.avi"
    table["start"] = [str(place) for place in range(18)]
    table["end"] = [str(place + 1) for place in range(18)]
    table["audio_is_cut"] = "1"
    media = [(f"{place}.wav", "9", f"h{place}") for place in range(18)] + [("one.avi", "5", "v")]
    assert not sum(shared(table, "session_groups", media, groups=3).values())
    media[0] = ("0.wav", "9", "h17")  # a copy under another name
    counts = shared(table, "session_groups", media, groups=3)
    assert counts["train and test", "recordings"] == 1
    assert sum(counts.values()) == 1
    table.loc[6, ["start", "end"]] = ["17", "18"]  # the same piece of the video twice
    counts = shared(table, "session_groups", media, groups=3)
    assert counts["train and validation", "recordings"] == 1
    # uncut audio of one file is another piece at another time
    table["audio"], table["audio_is_cut"] = "one.wav", "0"
    counts = shared(table, "session_groups", [("one.wav", "9", "h")], groups=3)
    assert counts["train and validation", "recordings"] == 1
    assert counts["train and test", "recordings"] == 0


def test_folds_that_break_a_promise_are_errors():
    table = corpus(3)
    # folds of another corpus, as a mistake in a scheme would make them
    folds = make_folds(table, FoldsSpec("session_groups", groups=3))
    table["speaker"] = "p"
    columns = ["audio", "video", "start", "end", "text", "audio_is_cut"]
    table = table.assign(**dict.fromkeys(columns, ""))
    media = pd.DataFrame(columns=["path", "bytes", "hash"], dtype=str)
    with pytest.raises(InputError, match=r"fold 1, train and validation share 1 speakers.*'p'"):
        check_folds(folds, table, media, "session_groups")
    table["speaker"] = ""  # not known is not shared
    check_folds(folds, table, media, "session_groups")


def test_folds_that_do_not_fit_are_errors():
    with pytest.raises(InputError, match="two speakers"):
        make_folds(corpus(3, speakers=3), FoldsSpec("session_speakers"))
    with pytest.raises(InputError, match="between 3 and"):
        make_folds(corpus(2), FoldsSpec("session_groups", groups=3))
    shared = corpus(4)
    shared["speaker"] = "p1"
    with pytest.raises(InputError, match="in the training and the test part at once"):
        make_folds(shared, FoldsSpec("session_groups", groups=3))
    with pytest.raises(InputError, match="column part"):
        make_folds(corpus(3), FoldsSpec("part"))


def test_a_given_part_is_one_fold():
    table = corpus(3).assign(part=["train"] * 12 + ["validation"] * 3 + ["test"] * 3)
    folds = make_folds(table, FoldsSpec("part"))
    assert folds["fold"].unique().tolist() == [1]
    assert folds["part"].value_counts().to_dict() == {"train": 12, "validation": 3, "test": 3}
