"""What a config says of targets and measures: mistakes are named before the first job."""

import pytest
from helpers.plans import Wildcards, default_config, plan_of

from robust_mer.errors import InputError
from robust_mer.plan.rules import Rules

NUMBERS = {"task": "regression", "target": "valence", "target_range": [1, 5]}
LABELS = {"task": "multilabel", "target": ["happy", "sad"]}
VOTES = {"target": ["angry", "happy", "sad"]}


def config(target, models=("men_demo",), **changes):
    """The default config with another target."""
    raw = default_config()
    raw["corpora"]["demo"].pop("task")
    raw["corpora"]["demo"] |= target
    raw["experiments"]["demo"]["models"] = list(models)
    return raw | changes


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ({"task": "regresion"}, ["corpora.demo.task: regresion", "did you mean 'regression'"]),
        ({"task": "regression"}, ["corpora.demo", "needs target_range"]),
        ({"task": "multilabel"}, ["corpora.demo", "needs target"]),
        ({"target_range": [0, 1]}, ["demo.target_range", "classification has no target_range"]),
        (NUMBERS | {"target_range": [5, 1]}, ["target_range is [5, 1], expected the lower end"]),
        (NUMBERS | {"target_range": [1]}, ["corpora.demo.target_range"]),
        (NUMBERS | {"selection": "ua"}, ["corpora.demo.selection", "'ua'", "ccc"]),
        (NUMBERS | {"selection": "acc7"}, ["acc7 is defined for the range [-3, 3] only"]),
        (NUMBERS | {"target": ["fold", "valence"]}, ["fold is no target"]),
        ({"unlabelled": "keep"}, ["corpora.demo.unlabelled", "expected leave_out"]),
        ({"unlabelled": "drop"}, ["corpora.demo.unlabelled", "leave_out"]),
        (LABELS | {"target": ["happy"]}, ["corpora.demo.target"]),
    ],
)
def test_a_wrong_target_is_named(target, parts):
    with pytest.raises(InputError) as raised:
        plan_of(config(target))
    for part in parts:
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("target", "model", "able"),
    [
        (NUMBERS, "majority", "mean"),
        (NUMBERS, "logistic_regression", "ridge"),
        (LABELS, "mean", "majority"),
        ({}, "ridge", "logistic_regression"),
    ],
)
def test_a_model_that_cannot_predict_the_target_is_named(target, model, able):
    with pytest.raises(InputError, match=rf"{model} cannot predict the target.*\b{able}\b"):
        plan_of(config(target, [model]))


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ({}, ["wa", "ua"]),
        ({"selection": "macro_f1"}, ["wa", "ua", "macro_f1"]),
        (VOTES, ["wa", "ua"]),
        (NUMBERS, ["mae", "r", "ccc"]),
        (NUMBERS | {"target": "sentiment", "target_range": [-3, 3]}, None),
        (LABELS, ["mean_weighted_accuracy", "mean_f1"]),
    ],
)
def test_a_task_brings_its_measures(target, names):
    experiment = plan_of(config(target)).report.experiment("demo")
    shown = [metric.name for metric in experiment.measures]
    if names is None:
        assert shown[:3] == ["mae", "r", "ccc"]
        assert {"acc7", "acc2_positive", "f1_nonnegative"} < set(shown)
    else:
        assert shown == names
    assert experiment.main.name == experiment.task.settings["selection"]


def test_further_metrics_are_shown_where_they_fit():
    metrics = {"weighted_f1": {}}
    experiment = plan_of(config({}, metrics=metrics)).report.experiment("demo")
    assert [metric.name for metric in experiment.measures] == ["wa", "ua", "weighted_f1"]
    with pytest.raises(InputError, match=r"weighted_f1 measures classes, .*regression"):
        plan_of(config(NUMBERS, metrics=metrics))
    sims = NUMBERS | {"target_range": [-1.0, 1.0]}
    of_sims = {name: {} for name in ("acc5_sims", "acc3_sims", "acc2_sims", "f1_sims")}
    shown = plan_of(config(sims, metrics=of_sims)).report.experiment("demo").measures
    assert set(of_sims) < {metric.name for metric in shown}
    problem = r"acc7 measures numbers from -3 to 3, which .* demo \(regression from -1 to 1\)"
    with pytest.raises(InputError, match=problem):
        plan_of(config(sims, metrics={"acc7": {}}))


def test_the_papers_tables_are_of_classes():
    raw = config(NUMBERS | {"published": "IEMOCAP"})
    report = plan_of(raw).report
    assert report.experiment("demo").published is None
    assert not {"claims", "nmer_table2"} & set(report.tables("demo"))
    classes = plan_of(config({"published": "IEMOCAP"})).report
    assert classes.experiment("demo").published == "IEMOCAP"
    assert {"claims", "nmer_table2"} <= set(classes.tables("demo"))


def test_mmins_layout_of_features_holds_classes_only():
    wildcards = Wildcards(corpus="demo", corruption="clean", fold="1")
    with pytest.raises(InputError, match=r"classes only, .* task is regression"):
        Rules(plan_of(config(NUMBERS))).export_features.job(wildcards)
