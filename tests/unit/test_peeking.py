"""Audited training: answers for the test part after every epoch, and nothing else changes."""

from contextlib import nullcontext

import pandas as pd
import pytest
from helpers.jobs import run_evaluation
from helpers.models import described as fitted
from helpers.noises import corruption
from helpers.stacks import KEYS, described, train
from helpers.training import model
from helpers.training import train as train_one

from robust_mer.tasks.task import PEEKED_KEYS

KEY = (1, 1)
PARTIAL = {"a", "v", "l", "av", "al", "vl"}


class BrokenError(Exception):
    """Stands for whatever ends a job."""


def peeked_of(checkpoint):
    """What the audit kept of a replica."""
    return pd.read_parquet(checkpoint.with_suffix(".peeked.parquet"))


def selected_epoch(checkpoint):
    history = pd.read_csv(checkpoint.with_suffix(".history.csv"))
    return history.loc[history["validation_ua"].idxmax(), "epoch"]


@pytest.mark.parametrize("name", ["men_augmented", "nmer"])
def test_an_audit_changes_no_byte_of_what_is_trained(folds, tmp_path, name):
    options = {"keys": [(1, 1), (2, 1)], "max_replicas": 2}
    brief = {"epochs_constant": 1, "epochs_falling": 0}
    if name == "nmer":
        teacher = {"name": "invariance_teacher", "trained_on": "clean"}
        teacher["model"] = described("invariance_teacher", **brief)
        options["teachers"] = train(folds, tmp_path / "teacher", **teacher, **options)
    options["model"] = described(name, **brief)
    plain, audited = (
        train(folds, tmp_path / str(audits), name, audits=audits, **options)
        for audits in (False, True)
    )
    for key in plain:
        assert audited[key].read_bytes() == plain[key].read_bytes()
        histories = [pd.read_csv(c[key].with_suffix(".history.csv")) for c in (plain, audited)]
        pd.testing.assert_frame_equal(*(one.drop(columns="seconds") for one in histories))
    assert not list((tmp_path / "False").rglob("*.peeked.*"))


def test_the_answers_are_those_of_the_evaluation(folds, tmp_path):
    """At the selected epoch they are the published predictions, under the training conditions."""
    checkpoint = train(folds, tmp_path, "men_augmented", [KEY], audits=True)[KEY]
    peeked = peeked_of(checkpoint)
    assert list(peeked) == [*PEEKED_KEYS, "label", "predicted"]
    assert set(peeked["epoch"]) == {1, 2, 3}
    assert set(peeked["corruption"]) == {"gaussian_-10dB"}
    assert set(peeked["condition"]) == PARTIAL
    predictions = run_evaluation(
        folds,
        tmp_path / "predictions.parquet",
        [checkpoint],
        corruption("gaussian_-10dB"),
        tmp_path / "schedule.csv",
    )
    tested = (predictions["part"] == "test") & predictions["condition"].isin(PARTIAL)
    keys = ["utterance", "condition"]
    columns = [*keys, "fold", "seed", "label", "predicted"]
    at_best = peeked[peeked["epoch"] == selected_epoch(checkpoint)]
    pd.testing.assert_frame_equal(
        *(
            table.sort_values(keys, ignore_index=True)[columns]
            for table in (at_best, predictions[tested])
        )
    )


def test_every_training_corruption_is_scored(corpus, tmp_path):
    several = [corruption(name) for name in ("gaussian_-5dB", "clean")]
    quick = model("men_augmented", epochs_constant=1, epochs_falling=1)
    checkpoint, _ = train_one(
        corpus, tmp_path, "men_augmented", "many", model=quick, corruptions=several, audits=True
    )
    conditions = peeked_of(checkpoint).groupby("corruption")["condition"].unique()
    assert {name: set(found) for name, found in conditions.items()} == {
        "gaussian_-5dB": PARTIAL,
        "clean": {"avl"},
    }


def test_a_fitted_model_has_one_epoch(corpus, tmp_path):
    checkpoint, _ = train_one(
        corpus,
        tmp_path,
        "logistic_regression",
        "gaussian_-10dB",
        model=fitted("logistic_regression"),
        audits=True,
    )
    peeked = peeked_of(checkpoint)
    assert set(peeked["epoch"]) == {1}
    assert set(peeked["condition"]) == PARTIAL


@pytest.mark.parametrize("width", [1, 2])
def test_an_interrupted_audit_resumes_and_ends_the_same(folds, tmp_path, width):
    options = {"keys": KEYS[:2], "audits": True, "max_replicas": width, "save_every": 0}
    expected = train(folds, tmp_path / "undisturbed", "men_augmented", **options)

    def break_off(epoch, _):
        if epoch == 3:
            raise BrokenError

    with pytest.raises(BrokenError):
        train(folds, tmp_path / "broken", "men_augmented", on_epoch=break_off, **options)
    epochs = []
    again = train(
        folds,
        tmp_path / "broken",
        "men_augmented",
        on_epoch=lambda epoch, _: epochs.append(epoch),
        **options,
    )
    assert epochs == ([3] if width == 2 else [3, 1, 2, 3])
    for key in KEYS[:2]:
        assert again[key].read_bytes() == expected[key].read_bytes()
        pd.testing.assert_frame_equal(peeked_of(again[key]), peeked_of(expected[key]))
    assert not list(tmp_path.rglob("*.progress.*"))


def test_what_was_trained_without_an_audit_is_trained_again_for_one(folds, tmp_path):
    """But never the other way round, and not twice."""
    epochs, folder = [], tmp_path / "trained"

    def train_men(**changes):
        epochs.clear()
        options = {"save_every": 0, "on_epoch": lambda epoch, _: epochs.append(epoch)}
        return train(folds, folder, "men_augmented", [KEY], **options | changes)[KEY]

    def break_off(epoch, _):
        if epoch == 3:
            raise BrokenError

    with pytest.raises(BrokenError):
        train_men(on_epoch=break_off)
    checkpoint = train_men(audits=True)
    assert epochs == [1, 2, 3]  # the interrupted training had kept no answers
    content = checkpoint.read_bytes()
    for audits in (True, False, True):
        for path in folder.glob("fold*"):
            path.unlink()  # as Snakemake does before it starts a job
        train_men(audits=audits)
        assert not epochs
        assert checkpoint.read_bytes() == content
    assert set(peeked_of(checkpoint)["epoch"]) == {1, 2, 3}
    train_men(code="other")
    train_men(code="other", audits=True)
    assert epochs == [1, 2, 3]


@pytest.mark.parametrize("last", [2, 3])
def test_an_audit_of_another_test_part_is_made_again(folds, tmp_path, last):
    """Finished or interrupted; the training itself does not read that part."""
    epochs = []

    def count(epoch, _):
        epochs.append(epoch)
        if epoch > last:
            raise BrokenError

    def train_men(corpus):
        epochs.clear()
        options = {"save_every": 0, "on_epoch": count, "audits": True}
        return train(corpus, tmp_path / "trained", "men_augmented", [KEY], **options)[KEY]

    with nullcontext() if last == 3 else pytest.raises(BrokenError):
        train_men(folds)
    rows = pd.read_csv(folds["folds_csv"])
    is_tested = (rows["fold"] == KEY[0]) & (rows["part"] == "test")
    fewer = tmp_path / "fewer.csv"
    rows.drop(rows.index[is_tested][-1]).to_csv(fewer, index=False)
    last = 3
    checkpoint = train_men({**folds, "folds_csv": fewer})
    assert epochs == [1, 2, 3]
    assert peeked_of(checkpoint)["utterance"].nunique() == is_tested.sum() - 1
    assert len(list(tmp_path.rglob(".replicas/*.peeked.parquet"))) == 1
    train_men({**folds, "folds_csv": fewer})
    assert not epochs


def test_an_interrupted_audit_resumes_without_one(folds, tmp_path):
    def break_off(epoch, _):
        if epoch == 3:
            raise BrokenError

    options = {"keys": [KEY], "save_every": 0}
    with pytest.raises(BrokenError):
        train(folds, tmp_path, "men_augmented", audits=True, on_epoch=break_off, **options)
    epochs = []
    train(
        folds, tmp_path, "men_augmented", on_epoch=lambda epoch, _: epochs.append(epoch), **options
    )
    assert epochs == [3]
