"""What a selection on test data would print: hand-worked numbers, and the table of them."""

import math
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from helpers.experiments import make_experiment
from helpers.tasks import CLASSIFICATION, metrics, task

from robust_mer.conditions import drawn_condition
from robust_mer.errors import InputError
from robust_mer.evaluation.bootstrap import draw_weights
from robust_mer.evaluation.peeking import (
    CHOICES,
    Counted,
    PeekingFiles,
    measure_peeking,
    order_changes,
    read_prices,
)
from robust_mer.evaluation.spec import PeekingSpec
from robust_mer.metrics.classes import UA
from robust_mer.metrics.numbers import MAE
from robust_mer.protocols.registry import PROTOCOLS
from robust_mer.report.spec import Facts, TableFiles, TableSpec, Training
from robust_mer.report.tables.base import make_table
from robust_mer.report.tables.peeking import PeekingTable
from robust_mer.report.tables.registry import TABLES
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin, Settings

NOISY = "gaussian_0dB"


class Audit:
    """Writes what an audited training leaves behind, and measures it.

    Args:
        folder: For all files.
        speakers: Who speaks each of the utterances, which are ``x`` and ``y`` in turn.
        folds: The fold that tests each utterance.
        seeds: Of all models.
        fields: Of the experiment.
    """

    def __init__(self, folder, speakers, folds, seeds=(1, 2), **fields):
        self.folder, self.folds, self.seeds = folder, np.asarray(folds), list(seeds)
        self.fields = {"task": CLASSIFICATION, "metrics": metrics("wa", "ua"), **fields}
        self.names = np.array([f"u{number}" for number in range(len(folds))])
        self.label = np.array(["x", "y"] * len(folds))[: len(folds)]
        self.trained, self.peeked, self.histories = [], [], {}
        table = {"utterance": self.names, "speaker": speakers, "label": self.label}
        self.value = np.where(self.label == "x", 0.25, -0.25)
        pd.DataFrame({**table, "value": self.value}).to_csv(folder / "utterances.csv", index=False)
        rows = [
            (fold, "test" if of_fold == fold else "train", name)
            for fold in sorted(set(folds))
            for name, of_fold in zip(self.names, folds, strict=True)
        ]
        pd.DataFrame([*rows, (1, "train", "u0")], columns=["fold", "part", "utterance"]).to_csv(
            folder / "folds.csv", index=False
        )

    def add(self, model, answers, kept_epoch=None, trained_on=NOISY, conditions=("a",)):
        """Add a model.

        Args:
            model: Its name.
            answers: By fold and seed, the columns of its answers [E, n]: arrays by name.
            kept_epoch: By fold and seed, the epoch that was kept; None if it is fitted.
            trained_on: A corruption.
            conditions: All have the same answers.
        """
        training = Training(model, trained_on)
        self.trained.append((training, trained_on))
        for fold in sorted(set(self.folds)):
            for seed in self.seeds:
                stem = f"{model}_fold{fold}_seed{seed}"
                self._write(stem, answers[fold, seed], (fold, seed), trained_on, conditions)
                if kept_epoch is not None:
                    path = self.folder / f"{stem}.csv"
                    epochs = len(next(iter(answers[fold, seed].values())))
                    kept = np.arange(1, epochs + 1) == kept_epoch[fold, seed]
                    pd.DataFrame({"kept": kept}).to_csv(path, index=False)
                    self.histories.setdefault(training, []).append(path)
        return self

    def _write(self, stem, answers, key, corruption, conditions):
        names = self.names[self.folds == key[0]]
        label, value = self.label[self.folds == key[0]], self.value[self.folds == key[0]]
        rows = [
            pd.DataFrame(
                {
                    "utterance": names,
                    "fold": key[0],
                    "seed": key[1],
                    "epoch": epoch + 1,
                    "corruption": corruption,
                    "condition": condition,
                    "label": label,
                    "value": value,
                    **{name: values[epoch] for name, values in answers.items()},
                }
            )
            for epoch in range(len(next(iter(answers.values()))))
            for condition in conditions
        ]
        table = pd.concat(rows).sample(frac=1, random_state=0)  # in any order
        table.to_parquet(self.folder / f"{stem}.parquet", index=False)
        self.peeked.append(self.folder / f"{stem}.parquet")

    @property
    def experiment(self):
        evaluations = [(t.model, t.trained_on, corruption) for t, corruption in self.trained]
        return make_experiment(
            evaluations,
            name="mine",
            corpus="corpus",
            models={training.model: "men" for training, _ in self.trained},
            folds=sorted(set(self.folds)),
            seeds=self.seeds,
            **self.fields,
        )

    def measure(self):
        """The prices."""
        files = PeekingFiles(
            peeked=self.peeked,
            histories=[path for paths in self.histories.values() for path in paths],
            utterances=self.folder / "utterances.csv",
            folds=self.folder / "folds.csv",
            peeking=self.folder / "peeking.csv",
        )
        trainings = tuple(training for training, _ in self.trained)
        spec = PeekingSpec(self.experiment, trainings, tuple(self.histories))
        measure_peeking(spec, files, Runtime())
        return read_prices(files.peeking)

    def table(self):
        """The printed table."""
        self.measure()
        files = {name: self.folder / f"peeking.{name}" for name in ("md", "tex")}
        facts = Facts(peeked=tuple(training for training, _ in self.trained))
        assert PeekingTable.applies(self.experiment, facts)
        spec = TableSpec("peeking", Plugin(TABLES["peeking"], {}), self.experiment)
        make_table(spec, TableFiles(peeking=self.folder / "peeking.csv", **files), Runtime())
        return files["md"].read_text(encoding="utf-8")


def right(counts, of=4):
    """Answers that are right for so many of the ``x`` and ``y`` in turn, after each epoch."""
    label = np.array(["x", "y"] * of)[:of]
    wrong = np.where(label == "x", "y", "x")
    return {"predicted": [np.where(np.arange(of) < count, label, wrong) for count in counts]}


ANSWERS = {
    (1, 1): right([1, 2, 4]),
    (1, 2): right([3, 2, 2]),
    (2, 1): right([2, 3, 1]),
    (2, 2): right([0, 1, 2]),
}
VALIDATED = {(1, 1): 2, (1, 2): 1, (2, 1): 1, (2, 2): 3}
SPEAKERS, FOLDS = [1, 1, 2, 2, 3, 3, 4, 4], [1, 1, 1, 1, 2, 2, 2, 2]


def test_what_each_choice_prints(tmp_path):
    """UA of four balanced utterances is the share of right ones."""
    (row,) = (
        Audit(tmp_path, SPEAKERS, FOLDS).add("m", ANSWERS, VALIDATED).measure().to_dict("records")
    )
    assert row["reported"] == pytest.approx((2 + 3 + 2 + 2) / 16)
    assert row["epoch"] == pytest.approx((4 + 3 + 3 + 2) / 16)
    assert row["seed"] == pytest.approx((3 + 2) / 8)  # not 2 + 2, of the first seed
    assert row["both"] == pytest.approx((4 + 3) / 8)
    for choice in CHOICES:
        assert row[f"{choice}_optimism"] == pytest.approx(row[choice] - row["reported"])
    assert (row["measure"], row["epochs"], row["folds"], row["seeds"]) == ("ua", 3, 2, 2)
    assert not row["same_for_all_seeds"]


def test_a_smaller_error_is_better(tmp_path):
    numbers = task("regression", target="value", target_range=[-1, 1])
    audit = Audit(tmp_path, [1, 1, 2], [1, 1, 1], task=numbers, metrics=metrics("mae", "r"))
    errors = {1: [0.5, 0.25], 2: [0.75, 0.125]}
    answers = {
        (1, seed): {"predicted_value": [audit.value + error for error in of_seed]}
        for seed, of_seed in errors.items()
    }
    (row,) = audit.add("m", answers, {(1, 1): 1, (1, 2): 1}).measure().to_dict("records")
    assert row["measure"] == "mae"
    assert row["reported"] == pytest.approx(0.625)
    assert (row["epoch"], row["seed"], row["both"]) == pytest.approx((0.1875, 0.5, 0.125))
    assert row["epoch_optimism"] == pytest.approx(0.4375)
    assert "+0.4375 (+0.4375 to +0.4375)" in audit.table()


def test_each_resample_chooses_anew(tmp_path):
    """The interval against plain loops over the same draws."""
    draws = np.random.default_rng(1)
    folds = np.repeat([1, 2], 12)
    speakers = np.repeat(np.arange(8), 3)
    truth = np.arange(12) % 2 == 0
    correct = {(f, s): draws.random((4, 12)) < 0.6 for f in (1, 2) for s in (1, 2)}
    answers = {key: {"predicted": np.where(one == truth, "x", "y")} for key, one in correct.items()}
    kept_epoch = {key: 2 for key in correct}
    audit = Audit(tmp_path, speakers, folds).add("m", answers, kept_epoch)
    (row,) = audit.measure().to_dict("records")

    names = sorted(audit.names)
    place = [names.index(name) for name in audit.names]  # as the measure numbers them
    known = pd.factorize(speakers[[list(audit.names).index(name) for name in names]])[0]
    of_speakers, of_utterances = draw_weights(known, 2000)
    printed = []
    for drawn, weight in zip(of_speakers, of_utterances[:, place], strict=True):
        scores, shares = [], []
        for fold in (1, 2):
            counts = weight[folds == fold]
            if not counts.sum():
                continue
            halves = [counts * (truth == side) for side in (True, False)]
            ua = [
                np.mean([(one @ half) / half.sum() for half in halves if half.sum()], axis=0)
                for one in (correct[fold, 1], correct[fold, 2])
            ]
            own = np.unique(known[np.array(place)[folds == fold]])
            scores.append(ua)
            shares.append(drawn[own].mean())
        by_seed = np.average([[s[1] for s in of_fold] for of_fold in scores], 0, shares)
        best = np.average([[max(s) for s in of_fold] for of_fold in scores], 0, shares)
        printed.append([best.mean(), by_seed.max(), best.max()] - by_seed.mean())
    low, high = np.quantile(printed, [0.025, 0.975], axis=0)
    for number, choice in enumerate(CHOICES):
        assert row[f"{choice}_low"] == pytest.approx(low[number], abs=1e-5)
        assert row[f"{choice}_high"] == pytest.approx(high[number], abs=1e-5)


def test_an_average_is_over_the_conditions_and_some_utterances_count_under_one(tmp_path):
    options = {"conditions": ("a", "v"), "kept_epoch": VALIDATED}
    once, drawn = (
        Audit(tmp_path, SPEAKERS, FOLDS, one_condition_seed=seed).add("m", ANSWERS, **options)
        for seed in (None, 0)
    )
    assert once.measure()["reported"][0] == pytest.approx(9 / 16)
    # utterances that do not count leave other shares of right ones
    assert drawn.measure()["reported"][0] != pytest.approx(9 / 16)


def test_the_complete_condition_is_not_drawn_and_counts_for_all(tmp_path):
    """As in the tables of scores; a model that trains under every condition has it too."""
    trained_on = f"{NOISY}_every"
    audit = Audit(tmp_path, SPEAKERS, FOLDS, one_condition_seed=0)
    audit.add("m", ANSWERS, VALIDATED, trained_on)
    counted = Counted(audit.experiment, trained_on)
    names = ["none", "a", "v", "av"]
    utterances = [f"u{number}" for number in range(200)]
    answers = SimpleNamespace(conditions=names, predicted=np.zeros((200, 1, 4)))
    _, counts = counted.of(answers, utterances)
    drawn = [drawn_condition(["a", "v"], 0, "test", name) for name in utterances]
    assert counts[:, [0, 3]].all()
    assert [names[1 + int(v)] for v in counts[:, 2]] == drawn
    assert (counts.sum(axis=1) == 3).all()


def test_under_a_protocol_that_draws_each_utterance_counts_in_its_own_condition(tmp_path):
    protocol = Plugin(PROTOCOLS["random"], {"eta": 0.3})
    audit = Audit(
        tmp_path,
        np.arange(40) // 4,
        [1] * 40,
        [1],
        tested_under={"random_30%": protocol},
        modalities=("audio", "video"),
    )
    answers = {(1, 1): right([40, 0], of=40)}
    options = {"trained_on": f"{NOISY}_random_30%", "conditions": ("a", "v", "av")}
    audit.add("m", answers, {(1, 1): 1}, **options)
    table = pd.read_parquet(audit.peeked[0])
    wrong = table["label"].map({"x": "y", "y": "x"})
    # right where audio is clean
    table["predicted"] = wrong.where(table["condition"] == "v", table["label"])
    table.to_parquet(audit.peeked[0])
    met = np.array(audit.experiment.drawn_conditions(list(audit.names))["random_30%"])
    assert set(met) == {"a", "v", "av"}
    recalls = [(met[audit.label == label] != "v").mean() for label in ("x", "y")]
    assert audit.measure()["reported"][0] == pytest.approx(np.mean(recalls))


def test_answers_that_do_not_fit_are_refused(tmp_path):
    audit = Audit(tmp_path, SPEAKERS, FOLDS).add("m", ANSWERS, VALIDATED)
    whole = pd.read_parquet(audit.peeked[1])
    for spoilt in (whole[1:], pd.concat([whole, whole[:1]]), whole.assign(utterance="stranger")):
        spoilt.to_parquet(audit.peeked[1])
        with pytest.raises(InputError, match=r"m_fold1_seed2.parquet does not contain every test"):
            audit.measure()
    audit.peeked[1].write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"m_fold1_seed2.parquet is not a file of answers"):
        audit.measure()


def prices(**models):
    """Reported value, and those of the choices, of every model."""
    rows = [
        {
            "model": name,
            "trained_on": NOISY,
            "tested_on": NOISY,
            "conditions": "a v",
            **dict(zip(("reported", *CHOICES), values, strict=True)),
        }
        for name, values in models.items()
    ]
    return pd.DataFrame(rows)


def test_pairs_that_change_order():
    nothing = math.nan
    table = prices(
        strong=[0.5, 0.55, 0.51, 0.56],
        lucky=[0.4, 0.6, 0.45, 0.62],
        fitted=[0.45, nothing, 0.52, nothing],
        equal=[0.4, 0.6, 0.45, 0.62],
    )
    changes = {one.choice: one for one in order_changes(table, UA(Settings()))}
    assert {one.pairs for one in changes.values()} == {6}
    overtaken = [("strong", "lucky"), ("strong", "equal")]
    from_fitted = [("fitted", "lucky"), ("fitted", "equal")]
    assert set(changes["epoch"].changed) == {*overtaken, *from_fitted}
    assert changes["seed"].changed == [("strong", "fitted")]
    assert set(changes["both"].changed) == {*overtaken, *from_fitted}
    # of errors, the order is the other way round, and so is what changes
    table[["reported", *CHOICES]] *= -1
    assert order_changes(table, MAE(Settings())) == list(changes.values())


def test_only_what_is_comparable_has_an_order():
    table = prices(one=[0.5, 0.5, math.nan, math.nan], other=[0.4, 0.6, math.nan, math.nan])
    assert [one.choice for one in order_changes(table, UA(Settings()))] == ["epoch"]
    for column, value in (("conditions", "a"), ("tested_on", "clean"), ("trained_on", "clean")):
        other = table.copy()
        other.loc[0, column] = value if column != "conditions" else "a l"
        assert not order_changes(other, UA(Settings()))


def test_the_table(tmp_path):
    audit = Audit(tmp_path, SPEAKERS, FOLDS).add("m", ANSWERS, VALIDATED)
    audit.add("steady", {key: right([3]) for key in ANSWERS})
    text = audit.table()
    heads = re.findall(r"^\| Model.*", text, re.M)
    assert heads == [
        "| Model | Trained on | Tested on | reported UA | best epoch UA | best epoch optimism | "
        "best of 2 seeds UA | best of 2 seeds optimism | both UA | both optimism |"
    ]
    assert re.search(r"\| m \| same \| gaussian 0 dB \| 0\.5625 \| 0\.7500 \| \+18\.75 \(", text)
    assert "| steady \\* | same | gaussian 0 dB | 0.7500 | – | – | 0.7500 | +0.00" in text
    assert "steady answers the same with every seed, so there is no best seed" in text
    assert "2 folds, 2 seeds" in text
    assert "(2000 replicates)" in text
    assert "4 speakers: intervals from fewer than 8 are too narrow" in text
    assert "| same | gaussian 0 dB | best epoch | 0 of 1 | none |" in text
    assert "| same | gaussian 0 dB | both | 1 of 1 | m overtakes steady |" in text
    assert "nan" not in text.lower()


def test_the_table_says_what_cannot_be_computed(tmp_path):
    answers = {key: one for key, one in ANSWERS.items() if key == (1, 1)}
    audit = Audit(tmp_path, ["only"] * 4, [1] * 4, seeds=[1])
    text = (
        audit.add("m", answers, {(1, 1): 2}, trained_on="clean")
        .add("n", answers, {(1, 1): 2})
        .table()
    )
    assert "| m | clean | clean | 0.5000 | 1.0000 | +50.00 | – | – | – | – |" in text
    assert "no interval, because the test parts have only one speaker" in text
    assert "With one seed there is no choice of seeds" in text
    assert "m is trained on clean data, and therefore scored on clean test data only" in text
    assert "nan" not in text.lower()


def test_an_undefined_measure_is_shown_as_such(tmp_path):
    numbers = task("regression", target="value", target_range=[-1, 1], selection="r")
    audit = Audit(tmp_path, [1, 1, 2], [1] * 3, [1], task=numbers, metrics=metrics("mae", "r"))
    answers = {(1, 1): {"predicted_value": [np.full(3, 0.5), np.full(3, 0.2)]}}
    text = audit.add("m", answers, {(1, 1): 1}).table()
    assert "| m | same | gaussian 0 dB | NaN | NaN | NaN | – | – | – | – |" in text


def test_without_an_audit_there_is_no_table():
    experiment = make_experiment(name="mine", corpus="corpus", models={}, folds=[1], seeds=[1])
    assert not PeekingTable.applies(experiment, Facts())
