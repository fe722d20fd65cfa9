"""Tasks of all kinds: targets from an index, losses, scores, tables and predictions of clips."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.experiments import make_experiment
from helpers.results import SyntheticRun
from helpers.tasks import classes, metrics, task
from sklearn import metrics as sk

from robust_mer.errors import InputError
from robust_mer.evaluation.scores import (
    ScoresFiles,
    SummaryFiles,
    compute_statistics,
    write_summary,
)
from robust_mer.evaluation.spec import ScoresSpec, SummarySpec
from robust_mer.export.predict import ModalitySeen, Prediction
from robust_mer.export.show import as_table
from robust_mer.report.figures.registry import figures_of
from robust_mer.report.parts import target_sizes
from robust_mer.report.spec import Facts, TableFiles, TableSpec
from robust_mer.report.tables.audit import audit
from robust_mer.report.tables.registry import TABLES, tables_of
from robust_mer.report.tables.targets import TargetsTable
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin, Settings
from robust_mer.table import read_table

PAGE = Path(__file__).parents[2] / "docs/extending.md"
VALENCE = task("regression", target="valence", target_range=[-1.0, 1.0])
VOTES = task(target=["angry", "happy", "sad"])
EMOTIONS = task("multilabel", target=["happy", "sad"])
EVALUATIONS = [("men", "n_0dB", "n_0dB"), ("nmer", "n_0dB", "n_0dB")]


def read(plugin, **columns):
    """A task's reading of an index with some columns of texts."""
    count = len(next(iter(columns.values())))
    return plugin.build().read({"utterance": [f"u{n}" for n in range(count)], **columns})


@pytest.fixture
def results(tmp_path):
    """An experiment on 60 utterances whose valence two models guess, and its files."""
    rng = np.random.default_rng(2)
    names, speaker = [f"u{number:02}" for number in range(60)], np.arange(60) % 10
    valence = rng.uniform(-1, 1, 60).astype(np.float32)
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
    paths, predictions = [], []
    for number, model in enumerate(("men", "nmer")):
        tested = folds[folds["part"] == "test"]
        tested = tested.merge(pd.DataFrame({"seed": [1, 2]}), how="cross")
        tested = tested.merge(pd.DataFrame({"condition": ["a", "av"]}), how="cross")
        target = tested["utterance"].map(dict(zip(names, valence, strict=True))).to_numpy()[:, None]
        output = torch.as_tensor(target + rng.normal(0, 0.1 + number, target.shape))
        table = tested.assign(**VALENCE.build().prediction_columns(target, output))
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
        metrics=metrics("mae", "r", "ccc"),
        task=VALENCE,
    )
    return experiment, tmp_path, paths, predictions


def test_scores_of_numbers(results):
    """Against plain means of errors and numpy's correlation."""
    experiment, folder, paths, predictions = results
    all_csv = folder / "all.csv"
    write_summary(SummarySpec(experiment, ()), SummaryFiles(paths, [], [], all_csv), Runtime())
    summary = pd.read_csv(all_csv)
    names = ("intervals", "comparisons", "reliability", "curves", "rankings")
    written = {name: folder / f"{name}.csv" for name in names}
    files = ScoresFiles(paths, folder / "utterances.csv", folder / "folds.csv", **written)
    compute_statistics(ScoresSpec(experiment), files, Runtime())
    intervals = pd.read_csv(written["intervals"])
    for model, table in zip(("men", "nmer"), predictions, strict=True):
        for condition, rows in table.groupby("condition"):
            groups = rows.groupby(["fold", "seed"])
            pairs = [(g["valence"], g["predicted_valence"]) for _, g in groups]
            expected = {
                "mae": np.mean([np.abs(x - y).mean() for x, y in pairs]),
                "r": np.mean([np.corrcoef(x, y)[0, 1] for x, y in pairs]),
            }
            row = summary.query(f"model == '{model}' and condition == '{condition}'").iloc[0]
            interval = intervals.query(f"model == '{model}' and condition == '{condition}'").iloc[0]
            for name, value in expected.items():
                assert row[f"{name}_mean"] == pytest.approx(value, rel=1e-5)
                assert interval[f"{name}_low"] < value < interval[f"{name}_high"]
    comparisons = pd.read_csv(written["comparisons"])
    assert {"men", "nmer"} <= {*comparisons["model"], *comparisons["other"]}
    assert set(comparisons["measure"]) == {"mae", "r", "ccc"}
    assert pd.read_csv(written["reliability"]).empty
    assert pd.read_csv(written["curves"]).empty


def test_an_undefined_measure_is_nan_and_no_zero(results):
    """R of a model that always says the same."""
    experiment, folder, paths, predictions = results
    predictions[0].assign(predicted_valence=np.float32(0.1)).to_parquet(paths[0], index=False)
    all_csv = folder / "all.csv"
    write_summary(SummarySpec(experiment, ()), SummaryFiles(paths, [], [], all_csv), Runtime())
    men = pd.read_csv(all_csv).query("model == 'men'")
    assert men["r_mean"].isna().all()
    assert (men["ccc_mean"] == 0).all()
    assert men["mae_mean"].notna().all()


def test_what_needs_classes_or_probabilities_is_left_out(results):
    experiment, folder, _, _ = results
    tables = tables_of(experiment, Facts(), {})
    assert not {"reliability", "claims", "orderings"} & set(tables)
    assert "reliability" not in figures_of(experiment, Facts(), {})
    tables = folder / "utterances.csv", folder / "folds.csv"
    heading, line = target_sizes(VALENCE.build(), *tables, None)
    assert heading == ["target", "utterances", "mean", "sd", "least", "greatest"]
    assert line[:2] == ["valence", "60"]
    folds, utterances = (read_table(folder / f"{n}.csv") for n in ("folds", "utterances"))
    checks = pd.DataFrame(columns=["shared", "parts", "count", "fold"])
    findings = audit(experiment, Facts().data, checks, folds, utterances, 10)
    assert not findings["check"].str.contains("classes").any()


# -- targets -------------------------------------------------------------------------------------


def test_classes_in_their_order():
    learnt, target = read(task(), label=["happy", "sad", "happy"])
    assert learnt.counts(target) == {"happy": 2, "sad": 1}
    assert learnt.counts(target[:1]) == {"happy": 1, "sad": 0}
    assert learnt.problem(target[:1]) == "no utterance of sad"


def test_votes_become_shares_and_the_most_voted_class_counts():
    learnt, target = read(VOTES, angry=["0", "1"], happy=["3", "1"], sad=["1", "2"])
    np.testing.assert_allclose(target, [[0, 0.75, 0.25], [0.25, 0.25, 0.5]])
    assert learnt.truth(target).tolist() == [1, 2]
    assert learnt.classes == ["angry", "happy", "sad"]
    output = torch.tensor([[0.0, 1.0, -1.0], [2.0, 0.0, 1.0]])
    expected = -(torch.as_tensor(target) * output.log_softmax(1)).sum(1).mean()
    assert learnt.loss(output, torch.as_tensor(target)).item() == pytest.approx(expected.item())


def test_labels_that_all_or_none_have_cannot_be_learnt():
    labels = EMOTIONS.build()
    unknown = np.nan
    assert labels.problem(np.array([[1, 0], [0, 1]])) is None
    assert labels.problem(np.array([[1, 0], [unknown, 0]])) == "no utterance with sad"
    assert labels.problem(np.array([[1, 0], [1, 1], [unknown, 0]])) == "no utterance without happy"


def test_numbers_and_their_loss():
    learnt, target = read(VALENCE, valence=["-1", "0.5", "nan"])
    np.testing.assert_array_equal(target, np.float32([[-1], [0.5], [np.nan]]))
    output = torch.tensor([[0.0], [0.0], [9.0]])
    assert learnt.loss(output, torch.as_tensor(target)).item() == pytest.approx(0.75)
    wide = task("regression", target="valence", target_range=[1.0, 5.0]).build()
    np.testing.assert_allclose(wide.decide(torch.tensor([[0.5]])), [[4.0]])
    assert wide.loss(torch.tensor([[0.5]]), torch.tensor([[4.0]])).item() == 0


def test_labels_and_their_loss():
    learnt, target = read(EMOTIONS, happy=["0.33", "0", "0"], sad=["0", "2", ""])
    np.testing.assert_array_equal(target, np.float32([[1, 0], [0, 1], [0, np.nan]]))
    assert learnt.counts(target) == {"happy": 1, "sad": 1}
    output = torch.tensor([[3.0, -3.0], [-3.0, 3.0], [-3.0, 50.0]])
    loss = learnt.loss(output, torch.as_tensor(target)).item()
    assert loss == pytest.approx(np.log1p(np.exp(-3.0)))


@pytest.mark.parametrize("plugin", [VALENCE, EMOTIONS], ids=["numbers", "labels"])
def test_a_batch_without_targets_has_a_loss_of_zero_and_no_gradient(plugin):
    learnt = plugin.build()
    output = torch.ones(2, learnt.outputs, requires_grad=True)
    loss = learnt.loss(output, torch.full((2, learnt.outputs), torch.nan))
    loss.backward()
    assert loss.item() == 0
    assert (output.grad == 0).all()


@pytest.mark.parametrize(
    ("plugin", "columns", "message"),
    [
        (VALENCE, {"valence": ["0", "much"]}, "u1: valence is 'much', expected a number from -1"),
        (VALENCE, {"valence": ["0", "1.5", "-2"]}, "u1: valence is 1.5.*so are 1 more"),
        (VALENCE, {"valence": ["0.5", "0.5", ""]}, "valence is 0.5 for all utterances"),
        (VALENCE, {"valence": ["", "nan"]}, "no utterance has a number in the column valence"),
        (VALENCE, {"valence": ["inf", "0"]}, "u0: valence is 'inf'"),
        (EMOTIONS, {"happy": ["1", "0"], "sad": ["0", "0"]}, "no utterance has the label sad"),
        (EMOTIONS, {"happy": ["1", "1"], "sad": ["0", "1"]}, "all utterances have the label happy"),
        (EMOTIONS, {"happy": ["-1", "1"], "sad": ["0", "1"]}, "u0: happy is -1, expected 0 to inf"),
        (
            VOTES,
            {"angry": ["0", "1"], "happy": ["0", "0"], "sad": ["0", "0"]},
            "u0 has no votes in angry",
        ),
        (task(), {"label": ["sad", ""]}, "u1 has no label"),
    ],
)
def test_bad_targets(plugin, columns, message):
    with pytest.raises(InputError, match=message):
        read(plugin, **columns)


def test_alike_targets_share_a_group():
    numbers = task("regression", target_range=[-3.0, 3.0]).build()
    groups = numbers.groups(torch.tensor([[-3.0], [-2.9], [3.0], [0.0], [torch.nan], [torch.nan]]))
    assert groups[0] == groups[1]
    assert groups.unique().numel() == 5
    labels = EMOTIONS.build().groups(torch.tensor([[1.0, 0], [1, 0], [0, 1], [torch.nan, 0]]))
    assert labels.tolist() == [1, 1, 2, -4]


# -- predictions of clips -------------------------------------------------------------------------


def said_of(answer, **figures):
    """The prediction as JSON, and as it is printed."""
    seen = {"text": ModalitySeen(3, 3, None, "")}
    prediction = Prediction(**vars(answer), modalities=seen, figures=figures)
    trained_on = {"corpus": "own", "corruption": "clean", "fold": 1, "seed": 1, "note": None}
    return prediction.as_json(), as_table({"model": "men", "trained_on": trained_on}, prediction)


def test_prediction_of_a_number():
    numbers = task("regression", target="sentiment", target_range=[-3.0, 3.0]).build()
    said, text = said_of(numbers.answer(torch.tensor([0.25])))
    assert list(said) == ["sentiment", "ranges", "modalities"]
    assert said["sentiment"] == 0.75
    assert said["ranges"] == {"sentiment": [-3.0, 3.0]}
    assert "sentiment  0.75 (−3 to 3)\n" in text


def test_prediction_of_labels():
    said, text = said_of(EMOTIONS.build().answer(torch.tensor([-2.0, 2.0])))
    assert said["happy"] is False
    assert said["sad"] is True
    assert list(said["probabilities"]) == ["sad", "happy"]
    assert "sad     88.1%" in text


def test_prediction_of_a_class():
    answer = classes(["happy", "sad"]).answer(torch.tensor([0.0, 2.0]))
    assert answer.value == {"emotion": "sad"}
    assert list(answer.probabilities) == ["sad", "happy"]
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert list(said_of(answer)[0]) == ["emotion", "probabilities", "modalities"]


@pytest.mark.parametrize(
    ("atypicality", "said"), [(1.49, ""), (2.34, ", unlike the training data (atypicality 2.3)")]
)
def test_a_modality_unlike_the_training_data_is_named(atypicality, said):
    answer = classes(["happy", "sad"]).answer(torch.tensor([0.0, 2.0]))
    figures = {"weight_text": 1.0, "snr_text": -3.0, "atypicality_text": atypicality}
    text = said_of(answer, **figures)[1]
    assert f"3 tokens, weight 100%, SNR of the features −3 dB{said}\n" in text


def test_a_report_of_numbers_and_labels(tmp_path):
    """Its figures, tables and sentences; the lowest error is the best."""
    for name, plugin in (("numbers", VALENCE), ("labels", EMOTIONS)):
        folder = tmp_path / name
        folder.mkdir()
        run = SyntheticRun(folder, corruptions=("clean", "gaussian_0dB"), task=plugin)
        drawn = run.figures(["snr", "confusion", "errors"], with_svg=name == "numbers")
        text = run.page(drawn).read_text()
        if name == "labels":
            assert list(drawn) == ["snr"]
            assert "Highest average F1" in text
            continue
        assert list(drawn) == ["snr", "confusion", "errors"]
        assert "rounded to the nearest of seven" in drawn["confusion"].caption.read_text()
        assert "Lowest average MAE" in text
        assert "0.0000 below" not in text
        assert "Pearson&#39;s correlation" in text or "Pearson's correlation" in text


def test_measures_of_each_label(tmp_path):
    run = SyntheticRun(tmp_path, corruptions=("clean",), models=("men",), task=EMOTIONS)
    spec = TableSpec("targets", Plugin(TABLES["targets"], {}), run.experiment)
    rows = TargetsTable(Settings()).read(spec, TableFiles(**run.results))
    assert rows["name"].tolist() == ["happy", "sad"]
    table = pd.read_parquet(run.results["predictions"][0])
    expected = sk.f1_score(table["happy"], table["predicted_happy"])
    assert rows["F1"][0] == pytest.approx(expected)
    assert rows["utterances"][0] == table["happy"].sum()


def test_the_task_of_the_page_on_extending():
    code = re.search(r"```python\n# my_task.py.*?```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    exec(code[0].removeprefix("```python").removesuffix("```"), names)
    rating = names["Rating"]
    settings = rating.settings_class(target="rating", target_range=[1, 5])
    known, target = rating(settings).read({"utterance": ["a", "b", "c"], "rating": ["2", "4", ""]})
    output = torch.tensor([[0.1], [0.5], [7.0]])
    assert known.loss(output, torch.from_numpy(target)) == pytest.approx(0.6**2 / 2)
    assert known.decide(output).tolist() == [[3.0], [4.0], [5.0]]
    assert known.answer(output[0]).value == {"rating": 3.0}
