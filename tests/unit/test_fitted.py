"""Majority and logistic regression: in the same folds and noise as the networks."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.models import build, described
from helpers.tasks import classes
from helpers.training import evaluate, train
from sklearn.linear_model import LogisticRegression as Regression
from sklearn.preprocessing import StandardScaler

from robust_mer.errors import InputError


def test_majority_is_the_training_parts(corpus, tmp_path):
    folds = pd.read_csv(corpus["folds_csv"])
    # of the classes angry, happy, neutral, sad leave out every second one but "neutral"
    dropped = (folds["part"] == "train") & (folds.index % 4 != 2) & (folds.index % 8 < 4)
    folds[~dropped].to_csv(corpus["folds_csv"], index=False)
    checkpoint, history = train(corpus, tmp_path, "majority", model=described("majority"))
    predictions = evaluate(corpus, tmp_path, checkpoint, "gaussian_-10dB")
    assert set(predictions["predicted"]) == {"neutral"}
    share = predictions.filter(like="probability_").iloc[0]
    assert share["probability_neutral"] == pytest.approx(16 / 40)
    assert pd.read_csv(history)["validation_ua"].tolist() == [0.25]


def test_logistic_regression_learns_and_repeats(corpus, tmp_path):
    checkpoint, _ = train(
        corpus,
        tmp_path,
        "logistic_regression",
        "gaussian_-10dB",
        model=described("logistic_regression"),
    )
    predictions = evaluate(corpus, tmp_path, checkpoint, "gaussian_-10dB")
    test = predictions[predictions["part"] == "test"]
    right = (test["label"] == test["predicted"]).groupby(test["condition"]).mean()
    assert right["avl"] > 0.8
    assert right["none"] < right["avl"]


def test_logistic_regression_is_scikit_learns_on_standardised_values():
    torch.manual_seed(0)
    label = torch.arange(60) % 3
    values = {m: torch.randn(60, 8) * 3 + label[:, None] + 5 for m in ("audio", "text")}
    three = classes(["a", "b", "c"])
    model = build("logistic_regression", {"audio": 4, "text": 4}, task=three, strengths=[0.1])
    model.fit(values, label, values, label)
    pooled = torch.cat(list(values.values()), dim=1).numpy()
    scaler = StandardScaler().fit(pooled)
    expected = Regression(C=0.1, max_iter=1000).fit(scaler.transform(pooled), label)
    with torch.no_grad():
        found = model(values).softmax(dim=1).numpy()
    np.testing.assert_allclose(found, expected.predict_proba(scaler.transform(pooled)), atol=1e-4)


def test_pooling_looks_at_real_frames_alone():
    model = build("logistic_regression", {"audio": 4})
    frames, lengths = torch.randn(3, 5, 4), torch.tensor([5, 2, 0])
    pooled = model.encode("audio", frames, lengths)
    torch.testing.assert_close(pooled[1, :4], frames[1, :2].mean(dim=0))
    torch.testing.assert_close(pooled[1, 4:], frames[1, :2].std(dim=0, correction=0))
    assert not pooled[2].any()


@pytest.mark.parametrize("name", ["majority", "logistic_regression"])
def test_a_task_without_classes_is_refused_by_the_models_name(name):
    class Valence:
        outputs = 1

    with pytest.raises(InputError, match=rf"{name} predicts classes, but the task is Valence"):
        build(name, task=Valence())
