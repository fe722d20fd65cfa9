"""A task that knows no classes goes through scores, tables and predictions of clips."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.experiments import make_experiment

from robust_mer.evaluation.scores import (
    ScoresFiles,
    SummaryFiles,
    compute_statistics,
    write_summary,
)
from robust_mer.evaluation.spec import ScoresSpec, SummarySpec
from robust_mer.export.predict import ModalitySeen, Prediction
from robust_mer.export.show import as_table
from robust_mer.metrics import Metric
from robust_mer.report.figures.registry import figures_of
from robust_mer.report.parts import class_sizes
from robust_mer.report.spec import Facts
from robust_mer.report.tables.audit import audit
from robust_mer.report.tables.registry import tables_of
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin, Settings
from robust_mer.table import read_table
from robust_mer.task import Answer, Classification, Task


class AbsoluteError(Metric):
    name = "mae"
    title = "MAE"
    higher_is_better = False

    def weighted(self, target, predicted, weight):
        error = np.abs(predicted - target[:, None])
        total = weight.sum(axis=1, keepdims=True)
        return weight @ error / np.where(total > 0, total, np.nan)

    def chance(self, target):
        return float(np.abs(target - np.median(target)).mean())


class Valence(Task):
    """A number; only what follows the predictions is used."""

    column = "valence"
    loss_name = "mae"
    answer_columns = ("valence", "predicted_valence")

    def __init__(self):
        self.outputs = 1
        self.selection = AbsoluteError(Settings())
        self.metrics = (self.selection,)

    @classmethod
    def read(cls, column):
        return cls(), np.array(column, dtype=float)

    def describe(self):
        return {"range": [-1, 1]}

    @classmethod
    def from_description(cls, description):
        return cls()

    @classmethod
    def of_answers(cls, table):
        return cls()

    def answers(self, table):
        target, predicted = (table[column] for column in self.answer_columns)
        return target, predicted

    def counts(self, target):
        return {}

    def loss(self, output, target):
        return (output[:, 0] - target).abs().mean()

    def decide(self, output):
        return output[..., 0]

    def columns(self, target, output):
        return {"valence": target, "predicted_valence": output[:, 0].numpy()}

    def answer(self, output):
        return Answer({"valence": round(output[0].item(), 3)}, {})


EVALUATIONS = [("men", "n_0dB", "n_0dB"), ("nmer", "n_0dB", "n_0dB")]


@pytest.fixture
def results(tmp_path):
    """An experiment on 60 utterances whose valence two models guess, and its files."""
    rng = np.random.default_rng(2)
    names, speaker = [f"u{number:02}" for number in range(60)], np.arange(60) % 10
    valence = rng.uniform(-1, 1, 60)
    index = pd.DataFrame({"utterance": names, "speaker": speaker, "valence": valence})
    for column in ("text", "audio", "video"):
        index[column] = ""
    index.to_csv(tmp_path / "utterances.csv", index=False)
    parts = [
        {"fold": fold, "utterance": name, "part": "test" if who % 2 == fold - 1 else "train"}
        for fold in (1, 2)
        for name, who in zip(names, speaker, strict=True)
    ]
    folds = pd.DataFrame(parts)
    folds.to_csv(tmp_path / "folds.csv", index=False)
    task, paths, predictions = Valence(), [], []
    for number, model in enumerate(("men", "nmer")):
        tested = folds[folds["part"] == "test"]
        tested = tested.merge(pd.DataFrame({"seed": [1, 2]}), how="cross")
        tested = tested.merge(pd.DataFrame({"condition": ["a", "av"]}), how="cross")
        target = tested["utterance"].map(dict(zip(names, valence, strict=True))).to_numpy()
        output = torch.as_tensor(target + rng.normal(0, 0.1 + number, len(target)))[:, None]
        table = tested.assign(**task.columns(target, output))
        paths.append(tmp_path / f"{model}.parquet")
        table.to_parquet(paths[-1], index=False)
        predictions.append(table)
    experiment = make_experiment(
        EVALUATIONS,
        name="numbers",
        corpus="own",
        models={"men": "men", "nmer": "nmer"},
        folds=[1, 2],
        seeds=[1, 2],
        metrics=(Plugin(f"{__name__}:AbsoluteError", {}),),
        selection="mae",
        task=Plugin(f"{__name__}:Valence", {}),
    )
    return experiment, tmp_path, paths, predictions


def test_scores_of_numbers(results):
    """Against plain means of the errors."""
    experiment, folder, paths, predictions = results
    all_csv = folder / "all.csv"
    write_summary(SummarySpec(experiment, ()), SummaryFiles(paths, [], [], all_csv), Runtime())
    summary = pd.read_csv(all_csv)
    names = ("intervals", "comparisons", "reliability", "curves")
    written = {name: folder / f"{name}.csv" for name in names}
    files = ScoresFiles(paths, folder / "utterances.csv", folder / "folds.csv", **written)
    compute_statistics(ScoresSpec(experiment), files, Runtime())
    intervals = pd.read_csv(written["intervals"])
    for model, table in zip(("men", "nmer"), predictions, strict=True):
        table["error"] = (table["predicted_valence"] - table["valence"]).abs()
        for condition, rows in table.groupby("condition"):
            expected = rows.groupby(["fold", "seed"])["error"].mean().mean()
            row = summary.query(f"model == '{model}' and condition == '{condition}'").iloc[0]
            assert row["mae_mean"] == pytest.approx(expected)
            row = intervals.query(f"model == '{model}' and condition == '{condition}'").iloc[0]
            assert row["mae_low"] < expected < row["mae_high"]
    comparisons = pd.read_csv(written["comparisons"])
    assert {"men", "nmer"} <= {*comparisons["model"], *comparisons["other"]}
    assert pd.read_csv(written["reliability"]).empty
    assert pd.read_csv(written["curves"]).empty


def test_what_needs_classes_or_probabilities_is_left_out(results):
    experiment, folder, _, _ = results
    assert "reliability" not in tables_of(experiment, Facts(), {})
    assert "reliability" not in figures_of(experiment, Facts(), {})
    assert class_sizes(Valence, folder / "utterances.csv", folder / "folds.csv", None) == []
    folds, utterances = (read_table(folder / f"{n}.csv") for n in ("folds", "utterances"))
    checks = pd.DataFrame(columns=["shared", "parts", "count", "fold"])
    findings = audit(experiment, Facts().data, checks, folds, utterances, 10)
    assert not findings["check"].str.contains("classes").any()


def test_prediction_of_a_number():
    answer = Valence().answer(torch.tensor([0.25]))
    seen = {"text": ModalitySeen(3, 3, None, "")}
    prediction = Prediction(answer.value, answer.probabilities, seen)
    said = prediction.as_json()
    assert list(said) == ["valence", "modalities"]
    assert said["valence"] == 0.25
    trained_on = {"corpus": "own", "corruption": "clean", "fold": 1, "seed": 1, "note": None}
    text = as_table({"model": "men", "trained_on": trained_on}, prediction)
    assert "valence  0.25\n" in text


def test_prediction_of_a_class():
    answer = Classification(["happy", "sad"]).answer(torch.tensor([0.0, 2.0]))
    assert answer.value == {"emotion": "sad"}
    assert list(answer.probabilities) == ["sad", "happy"]
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    said = Prediction(answer.value, answer.probabilities, {}).as_json()
    assert list(said) == ["emotion", "probabilities", "modalities"]


def test_counts_of_classes():
    task, target = Classification.read(["happy", "sad", "happy"])
    assert task.counts(target) == {"happy": 2, "sad": 1}
    assert task.counts(target[:1]) == {"happy": 1, "sad": 0}
