"""RAVDESS at full size, as generated from the release's documentation."""

import shutil
from collections import Counter

import pytest
from generators.ravdess import SONG, SPEECH, make_ravdess
from helpers.corpora import folds as write_folds
from helpers.corpora import index as index_corpus
from helpers.corpora import reader_of

from robust_mer.corpora.recognition import fitting_readers
from robust_mer.errors import InputError
from robust_mer.table import read_table

CLIP = "01-05-01-02-01-12"
SUNG = ("neutral", "calm", "happy", "sad", "angry", "fear")


def index(root, out, max_left_out=0.0, **given):
    """Utterances by name, and problems without the root."""
    out.mkdir(exist_ok=True)
    files = index_corpus("ravdess", root, out, max_left_out, **given)
    problems = read_table(files.problems)
    place = problems["file"].str.removeprefix(f"{root}").str.removeprefix("/")
    return read_table(files.utterances).set_index("utterance"), list(
        zip(place, problems["problem"].str.replace(f"{root}/", ""), strict=True)
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora") / "RAVDESS"
    make_ravdess(root)
    return root


@pytest.fixture
def copy(tmp_path):
    """Two actors, to be spoilt."""
    make_ravdess(tmp_path / "tree", actors=(1, 12))
    return tmp_path / "tree"


def test_the_published_counts_and_six_folds_of_two_women_and_two_men(tree, tmp_path):
    table, problems = index(tree, tmp_path)
    counts = dict.fromkeys(["calm", "happy", "sad", "angry", "fear", "disgust", "surprise"], 192)
    assert table["label"].value_counts().to_dict() == {**counts, "neutral": 96}
    assert len(table) == 1440
    assert set(table["speaker"].value_counts()) == {60}
    assert table["sex"].value_counts().to_dict() == {"male": 720, "female": 720}
    assert problems == []
    assert table.loc[CLIP].to_dict() == {
        "session": "F12",
        "speaker": "F12",
        "label": "angry",
        "audio": "Actor_12/03-01-05-01-02-01-12.wav",
        "video": "Actor_12/01-01-05-01-02-01-12.mp4",
        "region": "",
        "start": "",
        "end": "",
        "text": "Dogs are sitting by the door.",
        "audio_is_cut": "1",
        "channel": "speech",
        "intensity": "normal",
        "statement": "dogs",
        "repetition": "1",
        "sex": "female",
    }
    folds = read_table(write_folds(tmp_path, scheme="speaker_groups", groups=6).folds)
    assert set(folds.groupby(["fold", "part"]).size().unstack()["test"]) == {240}
    test = folds[folds["part"] == "test"].join(table, on="utterance")
    by_sex = test.groupby(["fold", "sex"])["speaker"].nunique()
    assert len(by_sex) == 12
    assert set(by_sex) == {2}
    assert sorted(test["utterance"]) == sorted(table.index)


def test_the_folders_of_the_zips_and_songs(tmp_path):
    root = tmp_path / "zips"
    make_ravdess(root, (SPEECH, SONG), ["03"], zips=True)
    rows = reader_of("ravdess", root, channels=["speech", "song"]).read().rows
    assert Counter(row["channel"] for row in rows) == {"speech": 1440, "song": 1012}
    assert {row["channel"] for row in reader_of("ravdess", root).read().rows} == {"speech"}
    make_ravdess(root, (SPEECH, SONG), ["01", "02"], zips=True, actors=(17, 18))
    songs = reader_of("ravdess", root, channels=["song"]).read().rows
    assert {row["label"] for row in songs} == {*SUNG}
    assert "F18" not in {row["speaker"] for row in songs}
    assert all(row["audio"].startswith("Audio_Song_Actors_01-24/Actor_") for row in songs)
    videos = [row["video"] for row in songs if row["speaker"] == "M17"]
    assert len(videos) == 44
    assert all(path.startswith("Video_Song_Actor_17/Actor_17/01-02-") for path in videos)


def test_a_tree_that_was_packed_twice(copy, tmp_path):
    inner = copy / "audio_speech_actors_01-24"
    for actor in ("Actor_01", "Actor_12"):
        shutil.copytree(copy / actor, inner / actor, ignore=shutil.ignore_patterns("*.mp4"))
    other = inner / f"Actor_12/03-{CLIP}.wav"
    other.write_bytes(b"another recording")
    table, problems = index(copy, tmp_path)
    assert len(table) == 120
    assert table.loc[CLIP, "audio"] == f"Actor_12/03-{CLIP}.wav"
    first = "Actor_01/03-01-01-01-01-01-01.wav"
    assert problems[:2] == [
        (
            f"audio_speech_actors_01-24/Actor_12/03-{CLIP}.wav",
            f"differs from the file of the same name Actor_12/03-{CLIP}.wav, which is read",
        ),
        (
            f"audio_speech_actors_01-24/{first}",
            f"119 files are copies of another of the same name, e.g. of {first}; ignored",
        ),
    ]


def test_one_kind_of_recordings_alone(tmp_path):
    make_ravdess(tmp_path / "audio", modalities=["03"], actors=(1, 12))
    table, (problem, _) = index(tmp_path / "audio", tmp_path / "a")
    assert problem == ("", "no files 01-*.mp4 or 02-*.mp4: all clips are without video")
    assert set(table["video"]) == {""}
    make_ravdess(tmp_path / "video", modalities=["01"], actors=(1, 12))
    table, (problem, _) = index(tmp_path / "video", tmp_path / "v")
    what = "120 clips have no file 03-*.wav, e.g. 01-01-01-01-01-01"
    assert problem == ("", f"{what}; the sound of the video is read")
    assert (table["audio"] == table["video"]).all()


def test_gaps_are_listed(copy, tmp_path):
    silent = "01-08-02-01-01-12"
    for path in (
        f"Actor_12/01-{CLIP}.mp4",  # the silent picture is left
        f"Actor_12/03-{silent}.wav",
        f"Actor_12/01-{silent}.mp4",
        "Actor_01/01-01-01-01-01-01-01.mp4",
        "Actor_01/02-01-01-01-01-01-01.mp4",
    ):
        (copy / path).unlink()
    for modality in ("01", "02", "03"):
        for path in copy.glob(f"Actor_12/{modality}-01-02-01-*"):
            path.unlink()
    table, problems = index(copy, tmp_path)
    assert len(table) == 116
    assert table.loc[CLIP, "video"] == f"Actor_12/02-{CLIP}.mp4"
    assert table.loc[silent, "audio"] == ""
    absent = ", ".join(f"{actor:02}" for actor in range(1, 25) if actor not in (1, 12))
    assert problems == [
        (f"Actor_12/02-{silent}.mp4", f"{silent} has no file 03-*.wav or 01-*.mp4"),
        (
            "Actor_01/03-01-01-01-01-01-01.wav",
            "01-01-01-01-01-01 has no file 01-*.mp4 or 02-*.mp4",
        ),
        ("", "4 of 60 clips of speech of actor 12 are missing, e.g. 01-02-01-01-01-12"),
        ("", f"no clip of speech of actors {absent}"),
    ]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("03-01-09-01-01-01-01.wav", "the name has the emotion 09, expected 01 to 08"),
        ("03-01-05-01-03-01-01.wav", "the name has the statement 03, expected 01 to 02"),
        ("03-01-05-01-01-01-25.wav", "the name has the actor 25, expected 01 to 24"),
        ("03-03-05-01-01-01-01.wav", "the name has the vocal channel 03, expected 01 to 02"),
        ("04-01-05-01-01-01-01.wav", "the name is unknown, expected one such as 03-01-05-01"),
        ("03-01-05-01-01-01-01.mp4", "the name is unknown"),
        ("01-01-05-01-01-01-01.wav", "the name is unknown"),
        ("03-01-05-01-01-01-01 (1).wav", "the name is unknown"),
        ("03-01-05-01-01-01-0\u0661.wav", "the name is unknown"),  # 1 in Arabic
        ("take one.WAV", "the name is unknown"),
    ],
)
def test_other_names_are_left_out(copy, name, problem):
    (copy / "Actor_01" / name).touch()
    reading = reader_of("ravdess", copy).read()
    assert len(reading.rows) == 120
    assert reading.lost == 1
    file, _, text = next(entry for entry in reading.problems if entry[2].endswith("; left out"))
    assert file == str(copy / "Actor_01" / name)
    assert text.startswith(problem)


def test_what_is_no_recording_is_ignored_and_case_does_not_matter(copy, tmp_path):
    (copy / "README.txt").touch()
    (copy / "Actor_01/._03-01-05-01-01-01-01.wav").touch()
    (copy / "__MACOSX/Actor_01").mkdir(parents=True)
    (copy / "__MACOSX/Actor_01/nonsense.wav").touch()
    (copy / "loop").symlink_to(copy)
    (copy / "Actor_12/03-01-05-01-02-01-24.wav").symlink_to(copy / "absent.wav")
    path = copy / f"Actor_12/03-{CLIP}.wav"
    path.rename(path.with_suffix(".WAV"))
    table, problems = index(copy, tmp_path)
    assert len(table) == 120
    assert table.loc[CLIP, "audio"] == f"Actor_12/03-{CLIP}.WAV"
    assert [what for _, what in problems[:-1]] == ["is a link to a file that is missing; ignored"]


def test_labels_of_four_classes(tree):
    labels = {"neutral": "neutral", "calm": "neutral", "happy": "happy", "sad": "sad"}
    rows = reader_of("ravdess", tree, labels=labels | {"angry": "angry"}).read().rows
    counts = {"neutral": 288, "happy": 192, "sad": 192, "angry": 192}
    assert Counter(row["label"] for row in rows) == counts
    with pytest.raises(InputError, match=r"the corpus has no 'hapy', only neutral, calm"):
        reader_of("ravdess", tree, labels={"hapy": "happy", "sad": "sad"})


def test_a_wrong_root(tree, tmp_path):
    (tmp_path / "wav").mkdir()
    (tmp_path / "wav/03a01Fa.wav").touch()
    sought = r"no files of RAVDESS such as 03-01-05-01-02-01-12\.wav; found there: wav\."
    with pytest.raises(InputError, match=rf"holds {sought}.*`reader: emo_db`$"):
        index_corpus("ravdess", tmp_path, tmp_path)
    for root in (tree, tree.parent, tree / "Actor_01"):
        assert fitting_readers(root) == ["ravdess"]
    with pytest.raises(InputError, match=r"`reader: ravdess`$"):
        index_corpus("iemocap", tree, tmp_path)
