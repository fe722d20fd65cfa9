"""Targets of every kind from the corpora's own files to the parts of the folds."""

import numpy as np
import pandas as pd
import pytest
from generators.iemocap import make_iemocap
from generators.mosei import make_csd, make_mmsa, make_multibench
from generators.msp_improv import make_msp_improv
from helpers.corpora import folds as write_folds
from helpers.corpora import index as index_corpus
from helpers.tasks import task

from robust_mer.errors import InputError
from robust_mer.table import read_table

SIZES = {"train": 40, "valid": 14, "test": 21}
EMOTIONS = ["happy", "sad", "angry", "surprise", "disgust", "fear"]
SENTIMENT = task("regression", target="sentiment", target_range=[-3.0, 3.0])
SPLIT = {"split": "split.csv"}


def index(root, out, reader, what, **given):
    """The utterances of a corpus under a task, and the problems."""
    files = index_corpus(reader, root, out, task=what, **given)
    return read_table(files.utterances), read_table(files.problems)["problem"]


def numbers(table, column):
    """A column as numbers, by the utterance."""
    return table.set_index("utterance")[column].astype(float)


def test_iemocaps_dimensions_need_no_class(tmp_path):
    """All that raters saw, not only the four classes; some in `label` all the same."""
    make_iemocap(tmp_path / "tree", sessions=1)
    valence = task("regression", target="valence", target_range=[1.0, 5.0])
    table, _ = index(tmp_path / "tree", tmp_path, "iemocap", valence)
    classes, _ = index(tmp_path / "tree", tmp_path, "iemocap", task())
    assert len(table) > len(classes) == 1085
    assert set(table["label"]) == {"", *classes["label"]}
    mean = table.assign(valence=table["valence"].astype(float)).groupby("label")["valence"].mean()
    assert mean["happy"] > mean["neutral"] > mean["sad"]
    assert table["activation"].astype(float).between(1, 5).all()


def test_msp_improvs_dimensions_and_turns_without_them(tmp_path):
    make_msp_improv(tmp_path / "tree", conditions="R")
    valence = task("regression", target="valence", target_range=[1.0, 5.0])
    table, problems = index(tmp_path / "tree", tmp_path, "msp_improv", valence)
    without = problems[problems.str.endswith("has no valence; not used")]
    assert len(without) == 7  # every 97th of 620
    assert len(table) == 620 - 7
    assert set(table["naturalness"]) == {"3.400000"}


@pytest.mark.parametrize("target", ["sentiment", EMOTIONS], ids=["sentiment", "emotions"])
def test_moseis_seven_numbers(tmp_path, target):
    make_csd(tmp_path, SIZES, 20)
    what = SENTIMENT if target == "sentiment" else task("multilabel", target=target)
    table, _ = index(tmp_path, tmp_path, "cmu_mosei", what, **SPLIT)
    assert len(table) == sum(SIZES.values())
    sentiment = numbers(table, "sentiment")
    assert (sentiment[table.set_index("utterance")["label"] == "negative"] < 0).all()
    assert (numbers(table, "happy")[sentiment < 0] == 0).all()
    assert numbers(table, "sad").gt(0).any()


def test_multibenchs_and_mmsas_numbers(tmp_path):
    make_multibench(tmp_path / "mosei_senti_data.pkl", SIZES, negative=20)
    one, _ = index(tmp_path, tmp_path, "multibench", SENTIMENT)
    assert "happy" not in one
    make_multibench(tmp_path / "mosei_senti_data.pkl", SIZES, negative=20, has_emotions=True)
    several, _ = index(tmp_path, tmp_path, "multibench", task("multilabel", target=EMOTIONS))
    pd.testing.assert_series_equal(one["sentiment"], several["sentiment"])
    make_mmsa(tmp_path / "unaligned_50.pkl", SIZES, 20, aligned=False, is_sims=True)
    sims = task("regression", target="sentiment_audio", target_range=[-1.0, 1.0])
    table, _ = index(tmp_path, tmp_path, "mmsa", sims)
    np.testing.assert_allclose(
        numbers(table, "sentiment_audio"), numbers(table, "sentiment") / 2, rtol=1e-6
    )


def test_npz_without_a_label(tmp_path):
    names = [f"u{n}" for n in range(6)]
    values = np.float32([2.6, -1, 0, np.nan, 1, -3])
    np.savez(tmp_path / "features.npz", id=names, who=names, score=values, audio=np.ones((6, 2)))
    columns = {"utterance": "id", "speaker": "who", "sentiment": "score"}
    table, problems = index(tmp_path, tmp_path, "npz", SENTIMENT, columns=columns)
    assert table["sentiment"].tolist() == ["2.6", "-1.0", "0.0", "1.0", "-3.0"]
    assert problems.tolist() == ["u3 has no sentiment; not used"]
    with pytest.raises(InputError, match="columns lacks label, which is the target"):
        index(tmp_path, tmp_path, "npz", task(), columns=columns)


# -- a table of one's own --------------------------------------------------------------------------

ROWS = """utterance,session,speaker,text,arousal,angry,sad
u1,s1,a,one,0.5,3,0
u2,s1,b,two,-1,0,1
u3,s2,c,three,1,1,2
u4,s2,d,four,,0,0
u5,s3,e,five,0.25,2,2
u6,s1,a,six,0.125,1,0
u7,s2,c,seven,0,0,1
u8,s3,e,eight,-0.5,4,2
"""
AROUSAL = task("regression", target="arousal", target_range=[-1.0, 1.0])


def manifest(folder, text, what, keep=False):
    """The index of a table; its problems."""
    (folder / "manifest.csv").write_text(text)
    return index(folder, folder, "manifest", what, keeps_unlabelled=keep)


def test_a_number_column_of_a_manifest_and_an_empty_cell(tmp_path):
    table, problems = manifest(tmp_path, ROWS, AROUSAL)
    assert set(table["utterance"]) == {"u1", "u2", "u3", "u5", "u6", "u7", "u8"}
    assert problems.tolist() == ["u4 has no arousal; not used"]


def test_what_is_kept_without_a_target_is_in_the_training_part_alone(tmp_path):
    table, _ = manifest(tmp_path, ROWS, AROUSAL, keep=True)
    assert len(table) == 8
    files = write_folds(tmp_path, AROUSAL, scheme="session_groups", groups=3)
    folds = pd.read_csv(files.folds)
    assert folds.loc[folds["utterance"] == "u4", "part"].tolist() == ["train"]
    assert len(folds[folds["utterance"] == "u3"]) == 3


def test_votes_as_soft_labels(tmp_path):
    votes = task(target=["angry", "sad"])
    with pytest.raises(InputError, match="u4 has no votes in angry, sad"):
        manifest(tmp_path, ROWS, votes)
    table, _ = manifest(tmp_path, ROWS.replace("u4,s2,d,four,,0,0\n", ""), votes)
    assert len(table) == 7


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("arousal", "valence", "has no column 'arousal', which `target` in the config names; it"),
        ("0.25", "calm", "u5: arousal is 'calm', expected a number from -1 to 1"),
        ("0.25", "7", "u5: arousal is 7, expected -1 to 1"),
    ],
)
def test_targets_that_do_not_fit_stop_the_index(tmp_path, old, new, message):
    with pytest.raises(InputError, match=message):
        manifest(tmp_path, ROWS.replace(old, new), AROUSAL)


def test_targets_that_are_all_alike_or_missing_stop_the_index(tmp_path):
    table = pd.read_csv(pd.io.common.StringIO(ROWS))
    with pytest.raises(InputError, match=r"arousal is 0.5 for all utterances"):
        manifest(tmp_path, table.assign(arousal=0.5).to_csv(index=False), AROUSAL)
    with pytest.raises(InputError, match="no utterance has a target in arousal"):
        manifest(tmp_path, table.assign(arousal="").to_csv(index=False), AROUSAL)


def test_a_training_part_whose_targets_are_all_alike(tmp_path):
    table = pd.read_csv(pd.io.common.StringIO(ROWS)).assign(arousal=[1, 1, 0, 0, 1, 1, 0, 1])
    manifest(tmp_path, table.to_csv(index=False), AROUSAL)
    with pytest.raises(InputError, match="the train part of fold 1 has no two values of arousal"):
        write_folds(tmp_path, AROUSAL, scheme="session_groups", groups=3)


def test_a_missing_label_counts_as_a_loss_and_a_missing_number_does_not(tmp_path):
    """Of a reader that leaves the check to the index."""
    names = [f"u{n}" for n in range(4)]
    score = np.float32([1, 2, np.nan, -1])
    np.savez(tmp_path / "features.npz", id=names, label=["x", "y", "", "x"], score=score)
    columns = {"utterance": "id", "speaker": "id", "label": "label", "sentiment": "score"}
    with pytest.raises(InputError, match=r"1 of 4 utterances were left out.*u2 has no label"):
        index(tmp_path, tmp_path, "npz", task(), columns=columns)
    table, _ = index(tmp_path, tmp_path, "npz", SENTIMENT, columns=columns)
    assert len(table) == 3
