"""EMO-DB at full size, as generated from the release's documentation."""

import pytest
from generators.emo_db import make_emo_db
from helpers.corpora import folds as write_folds
from helpers.corpora import index as index_corpus
from helpers.corpora import reader_of

from robust_mer.corpora.recognition import fitting_readers
from robust_mer.errors import InputError
from robust_mer.table import read_table


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora") / "EMO-DB"
    make_emo_db(root)
    return root


@pytest.fixture
def copy(tmp_path):
    """Two speakers, to be spoilt."""
    make_emo_db(tmp_path / "tree", ["03", "09"])
    return tmp_path / "tree"


def index(root, out, max_left_out=0.0, **given):
    """Utterances by name, and problems."""
    files = index_corpus("emo_db", root, out, max_left_out, **given)
    problems = read_table(files.problems)
    return read_table(files.utterances).set_index("utterance"), list(
        zip(problems["file"], problems["problem"], strict=True)
    )


def test_the_published_counts_and_what_a_name_says(tree, tmp_path):
    table, problems = index(tree, tmp_path)
    assert table["label"].value_counts().to_dict() == {
        "angry": 127,
        "bored": 81,
        "neutral": 79,
        "happy": 71,
        "fear": 69,
        "sad": 62,
        "disgust": 46,
    }
    assert len(table) == 535
    assert table["speaker"].nunique() == 10
    assert table["text"].nunique() == 10
    assert problems == []
    assert table.loc["03a01Fa"].to_dict() == {
        "session": "M03",
        "speaker": "M03",
        "label": "happy",
        "audio": "wav/03a01Fa.wav",
        "video": "",
        "region": "",
        "start": "",
        "end": "",
        "text": "Der Lappen liegt auf dem Eisschrank.",
        "audio_is_cut": "1",
        "sentence": "a01",
        "version": "a",
        "sex": "male",
        "age": "31",
    }


def test_folds_by_speaker(tree, tmp_path):
    table, _ = index(tree, tmp_path)
    folds = read_table(write_folds(tmp_path, scheme="speaker_groups", groups=5).folds)
    test = folds[folds["part"] == "test"].join(table, on="utterance")
    assert sorted(test["utterance"]) == sorted(table.index)
    assert set(test.groupby("fold")["sex"].nunique()) == {2}
    assert set(test.groupby("fold")["label"].nunique()) == {7}
    folds = read_table(write_folds(tmp_path, scheme="speakers").folds)
    assert folds["fold"].nunique() == 10


def test_the_recordings_alone_and_gaps(copy, tmp_path):
    table, problems = index(copy / "wav", tmp_path)
    assert len(table) == 92
    assert table.loc["03a01Fa", "audio"] == "03a01Fa.wav"
    assert problems == [(str(copy / "wav"), "443 of 535 files are missing")]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("04a01Fa.wav", "the name has the speaker 04, expected 03, 08, 09, 10, 11"),
        ("03a03Fa.wav", "the name has the sentence a03, expected a01, a02, a04"),
        ("03a01Xa.wav", "the name has the emotion X, expected W, L, E, A, F, T, N"),
        ("03a01F1.wav", "the name is unknown, expected one such as 03a01Fa.wav"),
        ("3a01Fa.WAV", "the name is unknown"),
    ],
)
def test_other_names_are_left_out(copy, name, problem):
    (copy / "wav" / name).touch()
    reading = reader_of("emo_db", copy).read()
    assert len(reading.rows) == 92
    assert reading.lost == 1
    file, _, text = reading.problems[0]
    assert file == str(copy / "wav" / name)
    assert text.startswith(problem)
    assert text.endswith("; left out")


def test_copies_count_once(copy):
    (copy / "wav/wav").mkdir()
    (copy / "wav/wav/03a01Fa.wav").write_text("03a01Fa")
    reading = reader_of("emo_db", copy).read()
    (path,) = [row["audio"] for row in reading.rows if row["utterance"] == "03a01Fa"]
    assert path == "wav/03a01Fa.wav"
    file, _, text = reading.problems[0]
    assert file == str(copy / "wav/wav/03a01Fa.wav")
    assert text.startswith("1 file is a copy of another of the same name")


def test_labels_of_four_classes(tree):
    labels = {"W": "angry", "F": "happy", "T": "sad", "N": "neutral"}
    assert len(reader_of("emo_db", tree, labels=labels).read().rows) == 127 + 71 + 62 + 79
    with pytest.raises(InputError, match=r"the corpus has no 'X', only W, L, E, A, F, T, N"):
        reader_of("emo_db", tree, labels={"X": "happy", "T": "sad"})


def test_a_wrong_root(tree, tmp_path):
    (tmp_path / "other/Actor_01").mkdir(parents=True)
    (tmp_path / "other/Actor_01/03-01-05-01-02-01-01.wav").touch()
    sought = r"no files of EMO-DB such as 03a01Fa\.wav; found there: Actor_01\."
    with pytest.raises(InputError, match=rf"holds {sought}.*`reader: ravdess`$"):
        index_corpus("emo_db", tmp_path / "other", tmp_path)
    for root in (tree, tree / "wav"):
        assert fitting_readers(root) == ["emo_db"]
