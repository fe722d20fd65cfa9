"""Fitted baselines: in the same folds and noise as the networks."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import stacks
from helpers.models import build, described
from helpers.noises import corruption
from helpers.tasks import classes, task
from helpers.training import evaluate, train
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression as Regression
from sklearn.linear_model import Ridge as RidgeRegression
from sklearn.metrics import recall_score
from sklearn.preprocessing import StandardScaler

from robust_mer.models.baselines.logistic_regression import LogisticRegression
from robust_mer.models.baselines.majority import Majority
from robust_mer.models.fitted import Embedded
from robust_mer.protocols.registry import PROTOCOLS
from robust_mer.settings import Plugin


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
    model.fit(Embedded(values, label), Embedded(values, label))
    pooled = torch.cat(list(values.values()), dim=1).numpy()
    scaler = StandardScaler().fit(pooled)
    expected = Regression(C=0.1, max_iter=1000).fit(scaler.transform(pooled), label)
    with torch.no_grad():
        found = model(values).softmax(dim=1).numpy()
    np.testing.assert_allclose(found, expected.predict_proba(scaler.transform(pooled)), atol=1e-4)


@pytest.mark.parametrize("name", ["logistic_regression", "ridge"])
def test_a_row_of_three_times_the_weight_counts_as_three(name):
    """In the scale of the features, in the fit, and in the choice of the strength."""
    rng = torch.Generator().manual_seed(0)
    values = torch.randn(40, 8, generator=rng)
    if name == "ridge":
        what = task("regression", target="valence", target_range=[1.0, 5.0]).build()
        target, strength = 3 + values[:, :1], 10.0
    else:
        what, strength = classes(["a", "b"]), 0.1
        target = (values[:, 0] > 0.2).long()
    weight = np.where(np.arange(40) < 10, 2.0, 2 / 3)
    repeated = np.repeat(np.arange(40), np.where(np.arange(40) < 10, 3, 1))
    found = []
    for rows, weights in ((np.arange(40), 1.5 * weight), (repeated, None)):
        model = build(name, {"audio": 4}, task=what, strengths=[strength])
        part = Embedded({"audio": values[rows]}, target[rows], weights)
        reached = model.fit(part, part)
        found.append([model.linear.weight.detach(), model.linear.bias.detach(), reached])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


def test_conditions_count_by_their_probability(corpus, tmp_path):
    """Where the sound is nearly always alone, the model is that of the sound alone."""
    protocols = {
        "alone": Plugin(PROTOCOLS["fixed"], {"condition": "a"}),
        "nearly": Plugin(PROTOCOLS["rates"], {"audio": 0.0, "video": 1 - 1e-6, "text": 1 - 1e-6}),
        "seldom": Plugin(PROTOCOLS["rates"], {"audio": 0.0, "video": 0.1, "text": 0.1}),
    }
    weights = {}
    for name, protocol in protocols.items():
        strength = 0.01 if name == "alone" else 0.01 / 4  # of four conditions
        checkpoint, _ = train(
            corpus,
            tmp_path / name,
            "logistic_regression",
            corruptions=[corruption("gaussian_-10dB")],
            protocol=protocol,
            model=described("logistic_regression", strengths=[strength]),
        )
        weights[name] = load_file(checkpoint)["model.linear.weight"]
    torch.testing.assert_close(weights["nearly"], weights["alone"], rtol=1e-2, atol=1e-3)
    assert (weights["seldom"] - weights["alone"]).abs().max() > 0.05


def test_corruptions_count_the_same_however_many_conditions_they_have(
    corpus, tmp_path, monkeypatch
):
    """Clean data have one condition, noise has six."""
    weights, fit = [], Majority.fit

    def record(model, training, validation):
        weights.append((training.weight, validation.weight))
        return fit(model, training, validation)

    monkeypatch.setattr(Majority, "fit", record)
    for names in (["clean", "gaussian_-10dB"], ["impulse_-10dB", "gaussian_-10dB"]):
        corruptions = [corruption(name) for name in names]
        folder = tmp_path / names[0]
        train(corpus, folder, "majority", corruptions=corruptions, model=described("majority"))
    (mixed, of_validation), even = weights
    assert even == (None, None)
    assert mixed.reshape(7, -1).sum(axis=1)[0] == pytest.approx(mixed.sum() / 2)
    np.testing.assert_allclose(mixed.reshape(7, -1)[1:], 7 / 12)
    np.testing.assert_allclose(of_validation.reshape(7, -1)[:, 0], [7 / 2] + 6 * [7 / 12])


def test_each_replica_is_fitted_to_noise_of_its_own(folds, tmp_path, monkeypatch):
    """The noise of validation belongs to the corruption: all seeds of a fold are compared on it."""
    received = []

    def record(model, training, validation):
        received.append((training.values["text"], validation.values["text"]))
        return 0.5

    monkeypatch.setattr(LogisticRegression, "fit", record)
    stacks.train(
        folds,
        tmp_path,
        "logistic_regression",
        [(1, 1), (1, 2), (2, 1)],
        model=described("logistic_regression"),
        protocol=Plugin(PROTOCOLS["none"], {}),
    )
    (first, held_out), (other_seed, held_out_again), (other_fold, _) = received
    assert len(first) == 64
    for other in (other_seed, other_fold):  # text is not normalised, and abar is the same
        assert not (first[:, None] == other).all(dim=2).any()
    assert torch.equal(held_out, held_out_again)


def test_the_score_of_a_fit_is_that_of_its_answers_for_the_validation_part(corpus, tmp_path):
    """As evaluation gives them, so the noise is the same as in the validation of networks."""
    plugin = described("logistic_regression")
    checkpoint, history = train(
        corpus, tmp_path, "logistic_regression", "gaussian_-10dB", model=plugin
    )
    answers = evaluate(corpus, tmp_path, checkpoint, "gaussian_-10dB")
    is_partial = answers["condition"].isin(["a", "v", "l", "av", "al", "vl"])
    answers = answers[(answers["part"] == "validation") & is_partial]
    expected = recall_score(answers["label"], answers["predicted"], average="macro")
    assert pd.read_csv(history)["validation_ua"].tolist() == [pytest.approx(expected)]


def test_pooling_looks_at_real_frames_alone():
    model = build("logistic_regression", {"audio": 4})
    frames, lengths = torch.randn(3, 5, 4), torch.tensor([5, 2, 0])
    pooled = model.encode("audio", frames, lengths)
    torch.testing.assert_close(pooled[1, :4], frames[1, :2].mean(dim=0))
    torch.testing.assert_close(pooled[1, 4:], frames[1, :2].std(dim=0, correction=0))
    assert not pooled[2].any()


def test_majority_of_labels_is_their_share():
    labels = task("multilabel", target=["happy", "sad"]).build()
    model = build("majority", {"audio": 4}, task=labels)
    target = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [torch.nan, 1.0]])
    values = {"audio": torch.zeros(5, 1)}
    reached = model.fit(Embedded(values, target), Embedded(values, target[:4].repeat(2, 1)[:5]))
    with torch.no_grad():
        share = model(values).sigmoid()[0]
    torch.testing.assert_close(share, torch.tensor([0.75, 0.5]))
    assert 0 <= reached <= 1


def test_logistic_regression_of_labels_is_one_for_each():
    rng = torch.Generator().manual_seed(0)
    values = {"audio": torch.randn(80, 8, generator=rng)}
    target = (values["audio"][:, :2] + 0.3 * torch.randn(80, 2, generator=rng) > 0).float()
    labels = task("multilabel", target=["happy", "sad"]).build()
    model = build("logistic_regression", {"audio": 4}, task=labels, strengths=[0.1])
    model.fit(Embedded(values, target), Embedded(values, target))
    scaled = StandardScaler().fit_transform(values["audio"].numpy())
    with torch.no_grad():
        found = model(values).sigmoid().numpy()
    for place in range(2):
        expected = Regression(C=0.1).fit(scaled, target[:, place]).predict_proba(scaled)[:, 1]
        np.testing.assert_allclose(found[:, place], expected, atol=1e-4)


def test_ridge_is_scikit_learns_and_chosen_by_the_error():
    rng = torch.Generator().manual_seed(0)
    values = {"audio": torch.randn(80, 8, generator=rng)}
    target = 3 + values["audio"][:, :1] + 0.1 * torch.randn(80, 1, generator=rng)
    numbers = task("regression", target="valence", target_range=[1.0, 5.0]).build()
    model = build("ridge", {"audio": 4}, task=numbers, strengths=[1e6, 1.0, 1e5])
    reached = model.fit(Embedded(values, target), Embedded(values, target))
    scaled = StandardScaler().fit_transform(values["audio"].numpy())
    expected = RidgeRegression(alpha=1.0).fit(scaled, target.numpy().ravel()).predict(scaled)
    with torch.no_grad():
        found = numbers.decide(model(values)).numpy().ravel()
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert reached == pytest.approx(np.abs(expected - target.numpy().ravel()).mean(), rel=1e-4)


def test_mean_is_that_of_the_known_numbers():
    numbers = task("regression", target=["valence", "dominance"], target_range=[1.0, 5.0]).build()
    model = build("mean", {"audio": 4}, task=numbers)
    target = torch.tensor([[1.0, 2.0], [2.0, 4.0], [torch.nan, 5.0]])
    values = {"audio": torch.zeros(3, 1)}
    reached = model.fit(Embedded(values, target), Embedded(values, target[:2].repeat(2, 1)[:3]))
    with torch.no_grad():
        torch.testing.assert_close(numbers.decide(model(values))[0], torch.tensor([1.5, 3.0]))
    assert reached == pytest.approx(0.75)
