"""Scores under the protocols of the tests: summary, intervals, rankings, tables and figures."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
import pytest
from helpers.experiments import make_experiment
from helpers.figures import figure_files, texts_of
from helpers.tasks import metrics, task
from scipy import stats

from robust_mer.conditions import conditions
from robust_mer.evaluation.bootstrap import Replicates
from robust_mer.evaluation.rankings import compare_rankings, kendall_tau
from robust_mer.evaluation.scores import (
    ScoresFiles,
    SummaryFiles,
    compute_statistics,
    write_summary,
)
from robust_mer.evaluation.spec import ScoresSpec, SummarySpec
from robust_mer.evaluation.summary import read_summary
from robust_mer.protocols.protocol import condition_met
from robust_mer.protocols.registry import PROTOCOLS
from robust_mer.report.figures.base import make_figure
from robust_mer.report.figures.registry import FIGURES, figures_of
from robust_mer.report.spec import Evaluation, Facts, FigureSpec, TableFiles, TableSpec
from robust_mer.report.tables.base import make_table
from robust_mer.report.tables.registry import TABLES, tables_of
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin, load

FOLDS, SEEDS = (1, 2), (7,)
THREE = ("audio", "video", "text")
NAMES = ("random_0%", "random_30%", "random_60%", "random_0to70%", "fixed_vl", "unequal")
UNEQUAL = Plugin(PROTOCOLS["rates"], {"audio": 0.2, "video": 0.6})
EVERY = [*conditions(list(THREE))]


def _plugin(name):
    kind, _, variant = name.partition("_")
    if name == "unequal":
        return UNEQUAL
    return Plugin(PROTOCOLS[kind], load(PROTOCOLS[kind]).settings_of(variant))


@dataclass(frozen=True)
class Run:
    """Three models trained in several ways, with predictions better the more is clean."""

    folder: object
    experiment: object
    predictions: dict

    def summary(self):
        return read_summary(self.folder / "x_all.csv")


def _evaluations():
    trainings = ("missing", "missing_random_30%", "missing_random_60%", "missing_random_0to70%")
    pairs = [("men", "clean"), *product(("augmented", "mmin"), trainings)]
    return [Evaluation(model, training, "missing") for model, training in pairs]


def _predictions(test, skill, draws):
    rows = test.merge(pd.DataFrame({"condition": EVERY}), how="cross")
    clean = rows["condition"].map(lambda name: 0 if name == "none" else len(name))
    is_right = draws.random(len(rows)) < 0.4 + skill + 0.15 * clean
    other = rows["label"].map({"x": "y", "y": "x"})
    sure = np.where(rows["label"].where(is_right, other) == "x", 0.9, 0.1)
    return rows.assign(
        predicted=rows["label"].where(is_right, other), probability_x=sure, probability_y=1 - sure
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    names = [f"u{number:03}" for number in range(240)]
    index = pd.DataFrame({"utterance": names, "label": ["x", "y"] * 120})
    index["speaker"] = index["session"] = [f"p{number // 24}" for number in range(240)]
    index.to_csv(folder / "utterances.csv", index=False)
    parts = pd.DataFrame(
        [
            (fold, "test" if (number < 120) == (fold == 1) else "train", name)
            for fold, (number, name) in product(FOLDS, enumerate(names))
        ],
        columns=["fold", "part", "utterance"],
    )
    parts.to_csv(folder / "folds.csv", index=False)
    test = parts[parts["part"] == "test"].assign(seed=7).merge(index[["utterance", "label"]])
    draws, predictions = np.random.default_rng(3), {}
    for one in _evaluations():
        skill = {"men": 0.0, "augmented": 0.06, "mmin": 0.12}[one.model]
        path = folder / f"{one.model}_{one.trained_on}.parquet"
        table = _predictions(test, skill, draws)
        table.to_parquet(path)
        predictions[one] = (path, table)
    experiment = make_experiment(
        _evaluations(),
        name="x",
        corpus="corpus",
        models={"men": "men", "augmented": "men", "mmin": "mmin"},
        folds=FOLDS,
        seeds=SEEDS,
        tested_under={name: _plugin(name) for name in NAMES},
        modalities=THREE,
        protocol_seed=1,
        note="Synthetic.",
    )
    paths = [path for path, _ in predictions.values()]
    write_summary(
        SummarySpec(experiment, ()), SummaryFiles(paths, [], [], folder / "x_all.csv"), Runtime()
    )
    names = ("intervals", "comparisons", "reliability", "risk_coverage", "rankings")
    written = [folder / f"x_{name}.csv" for name in names]
    files = ScoresFiles(paths, folder / "utterances.csv", folder / "folds.csv", *written)
    compute_statistics(ScoresSpec(experiment), files, Runtime())
    return Run(folder, experiment, predictions)


def test_an_utterance_counts_under_its_drawn_condition_alone(run):
    summary = run.summary()
    for one, (_, table) in run.predictions.items():
        for name, met in run.experiment.drawn_conditions(list(table["utterance"])).items():
            some = table[table["condition"] == [condition_met(c, EVERY) for c in met]]
            hits = (some["label"] == some["predicted"]).groupby(some["fold"]).mean()
            (row,) = summary[
                (summary["model"] == one.model)
                & (summary["trained_on"] == one.trained_on)
                & (summary["condition"] == name)
            ].to_dict("records")
            assert (row["kind"], row["utterances"]) == ("drawn", 240)
            assert row["wa_mean"] == pytest.approx(hits.mean())
            assert row["wa_sd"] == pytest.approx(hits.std(ddof=1))


def test_a_fixed_condition_has_the_score_of_that_condition(run):
    summary = run.summary().set_index(["model", "trained_on", "condition"])["ua_mean"]
    for one in run.predictions:
        assert summary[(one.model, one.trained_on, "fixed_vl")] == pytest.approx(
            summary[(one.model, one.trained_on, "vl")]
        )
        assert summary[(one.model, one.trained_on, "random_0%")] == pytest.approx(
            summary[(one.model, one.trained_on, "avl")]
        )


def test_intervals_hold_the_scores_of_the_summary(run):
    summary = run.summary().set_index(["model", "trained_on", "condition"])
    intervals = pd.read_csv(run.folder / "x_intervals.csv")
    intervals = intervals[intervals["kind"] == "drawn"]
    assert len(intervals) == len(NAMES) * len(run.predictions)
    for row in intervals.itertuples():
        value = summary.loc[(row.model, row.trained_on, row.condition), "ua_mean"]
        assert row.ua_low < value < row.ua_high


def test_other_results_do_not_change_with_the_protocols_of_the_tests(run):
    summary = run.summary()
    conditions_table = pd.read_csv(_table(run, "conditions")["csv"])
    assert set(conditions_table["kind"]) == {"none", "partial", "complete", "average"}
    assert set(summary["kind"]) == {*conditions_table["kind"], "drawn"}


@pytest.mark.parametrize(
    ("one", "other", "tau"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4], 1),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1),
        ([1, 2, 2, 3], [1, 2, 3, 3], 0.8),
        ([1, 1, 1], [1, 2, 3], np.nan),
    ],
)
def test_kendalls_tau(one, other, tau):
    found = kendall_tau(np.array([one, one[::-1]]), np.array([other, other[::-1]]))
    assert found == pytest.approx([tau, tau], nan_ok=True)


def test_kendalls_tau_is_scipys():
    draws = np.random.default_rng(0)
    one, other = draws.integers(0, 4, (50, 6)), draws.integers(0, 4, (50, 6))
    expected = [stats.kendalltau(*pair).statistic for pair in zip(one, other, strict=True)]
    assert kendall_tau(one, other) == pytest.approx(expected, nan_ok=True)


def test_rankings_join_models_that_were_trained_alike(run):
    pairs = pd.read_csv(run.folder / "x_rankings.csv")
    keys = set(zip(pairs["protocol"], pairs["training"], strict=True))
    for protocol in ("random_30%", "random_60%", "partial"):
        assert (protocol, "same") in keys
    assert ("random_30%", "missing_random_0to70%") in keys
    assert ("random_30%", "missing_random_60%") not in keys  # meant for another rate
    assert ("fixed_vl", "missing_random_30%") not in keys
    assert ("fixed_vl", "missing") in keys
    itself = pairs[
        (pairs["protocol"] == pairs["other_protocol"])
        & (pairs["training"] == pairs["other_training"])
    ]
    assert (itself["tau"] == 1).all()
    assert set(itself["models"]) == {3}
    assert ((pairs["low"] <= pairs["tau"]) & (pairs["tau"] <= pairs["high"])).all()
    summary = run.summary()
    rows = summary[(summary["condition"] == "random_30%")]
    rows = rows[rows["trained_on"].isin(["clean", "missing_random_30%"])].set_index("model")
    best = itself[(itself["protocol"] == "random_30%") & (itself["training"] == "same")]["best"]
    assert list(best) == [rows["ua_mean"].idxmax()]


@pytest.mark.parametrize(("selection", "best"), [("r", "b"), ("mae", "c")])
def test_the_best_model_has_the_highest_score_or_the_lowest_error(selection, best):
    models = list("abc")
    experiment = make_experiment(
        [(model, "missing", "missing") for model in models],
        name="x",
        corpus="c",
        models=dict.fromkeys(models, "men"),
        folds=FOLDS,
        seeds=SEEDS,
        task=task("regression", target_range=[1.0, 5.0], selection=selection),
        metrics=metrics("r", "mae"),
    )
    setting = {"trained_on": "missing", "tested_on": "missing"}
    settings = pd.DataFrame({"model": models}).assign(
        **setting, condition="average", kind="average"
    )
    data = np.array([[0.1, 0.5, 0.3], [0.8, 0.7, 0.6]])  # r, then MAE
    resampled = np.repeat(data[:, None], 4, axis=1)
    replicates = Replicates(experiment.measures, settings, data[:, None], data, resampled)
    (row,) = compare_rankings(experiment, replicates).to_dict("records")
    assert (row["best"], row["other_best"], row["tau"]) == (best, best, 1)


def _table(run, name):
    written = {suffix: run.folder / f"x_{name}.{suffix}" for suffix in ("csv", "md", "tex")}
    written |= {} if name != "rankings" else {"csv": None}
    files = TableFiles(
        summary=run.folder / "x_all.csv", rankings=run.folder / "x_rankings.csv", **written
    )
    make_table(TableSpec(name, Plugin(TABLES[name], {}), run.experiment), files, Runtime())
    return written


def test_the_table_keeps_one_model_for_all_apart_from_one_for_each(run):
    text = _table(run, "protocols")["md"].read_text()
    tables = text.split("**Experiment")[1:]
    assert len(tables) == 3  # random, no family, fixed
    random = tables[0]
    assert "| Model | Trained on | random_0% WA" in random
    lines = {
        tuple(cell.strip() for cell in line.split("|")[1:3]): line.split("|")[3:]
        for line in random.splitlines()
        if line.startswith("| ") and "±" in line
    }
    assert set(lines) == {
        ("men", "clean"),
        *product(("augmented", "mmin"), ("same", "missing", "missing_random_0to70%")),
    }
    assert lines["mmin", "same"][0].strip() == ""  # nothing was trained at a rate of 0
    assert "±" in lines["mmin", "same"][2]
    assert "one is always left, so at most 66.7% are missing" in text
    assert "2 folds, 1 seed" in text
    every = pd.read_csv(run.folder / "x_protocols.csv")
    assert len(every) == len(NAMES) * len(run.predictions)


def test_robustness_by_hand(run):
    _table(run, "robustness")
    table = pd.read_csv(run.folder / "x_robustness.csv").set_index(["model", "training"])
    summary = run.summary().set_index(["model", "trained_on", "condition"])["ua_mean"]

    def curve(model, trained_on):
        return [summary[(model, trained_on, f"random_{eta}%")] for eta in (0, 30, 60)]

    first, middle, last = curve("men", "clean")
    area = (first / 2 + middle + last / 2) / 2
    row = table.loc[("men", "clean")]
    assert (row["low"], row["high"]) == pytest.approx((0, 60))
    assert row["area"] == pytest.approx(area)
    assert row["relative"] == pytest.approx(area / first)
    assert row["effective"] == 0
    a, b, c = curve("mmin", "missing_random_0to70%")
    row = table.loc[("mmin", "missing_random_0to70%")]
    assert row["effective"] == pytest.approx((a / 2 + b + c / 2) / 2 - a - (area - first))
    assert ("mmin", "same") not in table.index  # two rates are no curve
    text = (run.folder / "x_robustness.md").read_text()
    assert "0 for men" in text
    assert "0 to 60 %" in text


def test_robustness_of_models_that_never_met_a_clean_modality(tmp_path):
    tests = [f"dropped_{rate}%" for rate in (10, 50, 90)]
    trained = {"men": "clean", "mmin": "dropped_50%_none"}
    rows = [
        {"model": model, "trained_on": on, "tested_on": test, "training": on, "noise": "dropped"}
        | {"condition": condition, "kind": condition, "ua_mean": ua, "published_model": ""}
        for model, on in trained.items()
        for condition in (["average", "none"] if model == "men" else ["none"])
        for test, ua in zip(tests, (0.8, 0.7, 0.4 + 0.2 * (model == "mmin")), strict=True)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "all.csv", index=False)
    evaluations = [(model, on, test) for model, on in trained.items() for test in tests]
    experiment = make_experiment(
        evaluations,
        name="x",
        corpus="c",
        models=dict.fromkeys(trained, "men"),
        folds=[1],
        seeds=[1],
    )
    files = TableFiles(summary=tmp_path / "all.csv", csv=tmp_path / "x.csv", md=tmp_path / "x.md")
    spec = TableSpec("robustness", Plugin(TABLES["robustness"], {}), experiment)
    make_table(spec, files, Runtime())
    table = pd.read_csv(tmp_path / "x.csv", keep_default_na=False)
    table = table.set_index(["model", "family"])
    assert set(table.index) == {("men", ""), ("men", "none"), ("mmin", "none")}
    assert table.loc[("mmin", "none"), "area"] == pytest.approx((0.75 + 0.65) / 2)
    assert "dropped, none" in (tmp_path / "x.md").read_text()
    assert table.loc[("mmin", "none"), "effective"] == pytest.approx(0.05)


@pytest.mark.parametrize(("selection", "sign"), [("r", 1), ("mae", -1)])
def test_a_loss_counts_beside_that_of_the_reference_with_the_same_training(
    tmp_path, selection, sign
):
    tests = [f"dropped_{rate}%" for rate in (10, 50, 90)]
    curves = {  # means over the range, less the first: 0.2, −0.1, 0.05
        ("men", "clean"): (0.4, 0.6, 0.8),
        ("men", "dropped_50%"): (0.5, 0.4, 0.3),
        ("mmin", "dropped_50%"): (0.5, 0.6, 0.5),
        ("mmin", "dropped_90%"): (0.5, 0.6, 0.5),
    }
    rows = [
        {"model": model, "trained_on": on, "tested_on": test, "training": on, "noise": "dropped"}
        | {"condition": "average", "kind": "average", f"{selection}_mean": value}
        for (model, on), values in curves.items()
        for test, value in zip(tests, values, strict=True)
    ]
    pd.DataFrame(rows).assign(published_model="").to_csv(tmp_path / "all.csv", index=False)
    experiment = make_experiment(
        [(*line, test) for line in curves for test in tests],
        name="x",
        corpus="c",
        models={"men": "men", "mmin": "mmin"},
        folds=[1],
        seeds=[1],
        task=task("regression", target_range=[1.0, 5.0], selection=selection),
        metrics=metrics(selection),
    )
    files = TableFiles(summary=tmp_path / "all.csv", csv=tmp_path / "x.csv", md=tmp_path / "x.md")
    make_table(
        TableSpec("robustness", Plugin(TABLES["robustness"], {}), experiment), files, Runtime()
    )
    table = pd.read_csv(tmp_path / "x.csv").set_index(["model", "training"])
    assert table["area"].to_dict() == pytest.approx(
        dict(zip(curves, (0.6, 0.4, 0.55, 0.55), strict=True))
    )
    assert table["effective"].to_dict() == pytest.approx(
        dict(zip(curves, (0, 0, sign * 0.15, np.nan), strict=True)), nan_ok=True
    )


def test_the_table_of_rankings_says_where_the_order_differs_most(run):
    text = _table(run, "rankings")["md"].read_text()
    assert "missing, random_30%, trained on missing_random_0to70%" in text
    assert "Kendall's tau-b" in text


@pytest.mark.parametrize("name", ["rates", "agreement"])
def test_figures_of_protocols(run, tmp_path, name):
    files = figure_files(
        tmp_path, summary=run.folder / "x_all.csv", rankings=run.folder / "x_rankings.csv"
    )
    spec = FigureSpec(name, Plugin(FIGURES[name], {}), run.experiment)
    make_figure(spec, files, Runtime())
    texts = " ".join(texts_of(files.svg.read_text()))
    expected = {
        "rates": ["missing, random", "rate of missing"],
        "agreement": ["fixed_vl", "trained under the protocol"],
    }
    for text in expected[name]:
        assert text in texts
    assert "2 folds, 1 seed. Synthetic." in files.caption.read_text()


def test_experiments_without_such_tests_have_no_such_tables():
    plain = make_experiment(
        [Evaluation(model, "missing", "missing") for model in "abc"],
        name="x",
        corpus="c",
        models=dict.fromkeys("abc", "men"),
        folds=FOLDS,
        seeds=SEEDS,
    )
    names = {"protocols", "robustness", "rankings", "rates", "agreement"}
    assert not names & {*tables_of(plain, Facts(), {}), *figures_of(plain, Facts())}
