"""Experiments on numbers and on labels, up to their tables; full-size tests make the report."""

import numpy as np
import pandas as pd
import pytest
from helpers.numbers_and_labels import EMOTIONS, make_project
from scipy.stats import pearsonr
from sklearn.metrics import f1_score


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("targets") / "project")
    names = ("numbers_all.csv", "numbers_average.md", "labels_all.csv", "labels_targets.csv")
    done = project.run(*(f"results/tables/{name}" for name in names))
    assert done.returncode == 0, done.stdout[-5000:]
    return project.folder / "results"


def test_numbers(results):
    summary = pd.read_csv(results / "tables/numbers_all.csv")
    men = summary.query("model == 'men' and condition == 'average'").iloc[0]
    floor = summary.query("model == 'mean' and condition == 'average'").iloc[0]
    assert men["mae_mean"] < floor["mae_mean"]
    assert np.isnan(floor["r_mean"])
    assert floor["ccc_mean"] == 0
    path = results / "numbers/predictions/men/gaussian_-10dB/gaussian_-10dB.parquet"
    table = pd.read_parquet(path if path.exists() else next(results.glob("numbers/**/*.parquet")))
    assert {"sentiment", "predicted_sentiment"} <= set(table.columns)
    table = pd.read_parquet(next(results.glob("numbers/**/men/**/*.parquet")))
    test = table.query("part == 'test'")
    scores = [
        pearsonr(rows["sentiment"], rows["predicted_sentiment"]).statistic
        for _, rows in test[test["condition"].isin(["a", "l"])].groupby(["fold", "condition"])
    ]
    assert men["r_mean"] == pytest.approx(np.mean(scores))
    markdown = (results / "tables/numbers_average.md").read_text()
    assert "| mean |" in markdown
    assert "NaN" in markdown
    assert "u05 has no sentiment" in (results / "numbers/index_problems.csv").read_text()


def test_labels(results):
    summary = pd.read_csv(results / "tables/labels_all.csv")
    men = summary.query("model == 'men' and condition == 'a'").iloc[0]
    table = pd.read_parquet(next(results.glob("labels/**/men/**/*.parquet")))
    test = table.query("part == 'test' and condition == 'a'")
    scores = [
        np.mean([f1_score(rows[name], rows[f"predicted_{name}"]) for name in EMOTIONS])
        for _, rows in test.groupby("fold")
    ]
    assert men["mean_f1_mean"] == pytest.approx(np.mean(scores))
    details = pd.read_csv(results / "tables/labels_targets.csv")
    assert set(details["name"]) == set(EMOTIONS)
