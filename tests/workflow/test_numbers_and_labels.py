"""Numbers and labels from a file of features to the report."""

import numpy as np
import pandas as pd
import pytest
from helpers.project import Project
from scipy.stats import pearsonr
from sklearn.metrics import f1_score

EMOTIONS = ["happy", "sad"]
CORPUS = {
    "reader": "npz",
    "root": "published",
    "columns": {
        **{"utterance": "id", "speaker": "who", "sentiment": "sentiment"},
        **{name: name for name in EMOTIONS},
    },
    "folds": {"scheme": "speaker_groups", "groups": 3},
    "modalities": {
        name: {"extractor": f"imported_{name}", "normalise": True} for name in ("audio", "text")
    },
}
CONFIG = {
    "run": ["numbers", "labels"],
    "experiments": {
        name: {
            "corpus": name,
            "models": [floor, "men"],
            "corruptions": ["gaussian_-10dB"],
            "conditions": ["partial"],
            "folds": [1, 2],
            "seeds": [1],
        }
        for name, floor in (("numbers", "mean"), ("labels", "majority"))
    },
    "corpora": {
        "numbers": CORPUS
        | {"task": "regression", "target": "sentiment", "target_range": [-3, 3]}
        | {"selection": "acc2_positive"},
        "labels": CORPUS | {"task": "multilabel", "target": EMOTIONS},
    },
    "models": {"men": {"epochs_constant": 20, "epochs_falling": 5, "batch_size": 16}},
}


def write_features(path, size=72):
    """Features that say a little of the sentiment; one utterance has none."""
    rng = np.random.default_rng(0)
    sentiment = rng.integers(-9, 10, size) / 3
    arrays = {
        name: (sentiment[:, None] * rng.normal(size=width) + rng.normal(size=(size, width)))
        for name, width in (("audio", 6), ("text", 5))
    }
    arrays = {name: values.astype(np.float32) for name, values in arrays.items()}
    who = [f"p{number % 6}" for number in range(size)]
    happy, sad = sentiment.clip(min=0), (-sentiment - 1).clip(min=0)
    sentiment[5] = np.nan
    path.parent.mkdir()
    np.savez(
        path,
        id=[f"u{number:02}" for number in range(size)],
        who=who,
        sentiment=sentiment,
        happy=happy,
        sad=sad,
        **arrays,
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    project = Project.make(tmp_path_factory.mktemp("targets") / "project")
    project.configure(CONFIG)
    write_features(project.folder / "published/features.npz")
    done = project.run()
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


def test_the_report_shows_both(results):
    page = (results / "report.html").read_text()
    assert "Highest average F1" in page
    assert "Acc-2 positive" in page
    history = pd.read_csv(next(results.glob("numbers/**/men/**/*.history.csv")))
    assert {"validation_acc2_positive", "validation_mae", "absolute_error"} <= set(history)
