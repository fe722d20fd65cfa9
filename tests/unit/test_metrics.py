"""Every measure against a library or a plain formula, on data and on weighted resamples."""

import warnings

import numpy as np
import pandas as pd
import pytest
from helpers.tasks import metrics
from scipy import stats
from sklearn import metrics as sk

from robust_mer.metrics.classes import ua, wa
from robust_mer.metrics.registry import METRICS


def test_wa_is_the_share_of_hits_and_ua_the_mean_recall():
    label = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    predicted = np.array([0, 0, 0, 1, 1, 0, 0, 1])
    assert wa(label, predicted) == pytest.approx(4 / 8)
    assert ua(label, predicted) == pytest.approx((3 / 4 + 1 / 2 + 0) / 3)


def test_ua_counts_only_classes_that_occur():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ua(np.array([1, 1, 3]), np.array([1, 2, 3])) == pytest.approx((1 / 2 + 1) / 2)


def test_ua_of_a_constant_answer_is_one_over_the_classes():
    label = np.repeat([0, 1, 2, 3], [40, 30, 20, 10])
    assert ua(label, np.zeros(100, int)) == pytest.approx(1 / 4)
    assert wa(label, np.zeros(100, int)) == pytest.approx(0.4)


@pytest.mark.parametrize("measure", [wa, ua])
def test_no_utterances_or_unequal_lengths_are_errors(measure):
    with pytest.raises(ValueError, match="no utterances"):
        measure(np.array([], int), np.array([], int))
    with pytest.raises(ValueError, match="inconsistent numbers"):
        measure(np.array([0, 1]), np.array([0]))


def metric(name):
    """A metric by its name in the config."""
    return metrics(name)[0].build()


def f1(target, predicted):
    """scikit-learn's F1, weighted by the utterances."""
    return sk.f1_score(target, predicted, average="weighted", zero_division=0)


def concordance(x, y):
    """CCC by Lin's formula, one pair of variables."""
    covariance = np.mean((x - x.mean()) * (y - y.mean()))
    return 2 * covariance / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)


def mean_over_labels(score):
    """The mean of a score over the columns for which it is defined."""
    return lambda x, y: np.nanmean([score(a, b) for a, b in zip(x.T, y.T, strict=True)])


def in_intervals(target, predicted, *ends):
    """The interval of each number; an end belongs to the interval below it."""
    bins = [-np.inf, *ends, np.inf]
    return [pd.cut(one[:, 0], bins, right=True).codes for one in (target, predicted)]


def presence_f1(target, predicted):
    """F1 of presence; NaN of a label that occurs nowhere."""
    return sk.f1_score(target, predicted) if (target | predicted).any() else np.nan


def weighted_accuracy(target, predicted):
    """Mean recall of presence and absence."""
    if target.all() or not target.any():
        return np.nan
    return sk.balanced_accuracy_score(target, predicted)


REFERENCE = {
    "wa": sk.accuracy_score,
    "ua": lambda x, y: sk.recall_score(x, y, average=None, labels=np.unique(x)).mean(),
    "weighted_f1": f1,
    "macro_f1": lambda x, y: sk.f1_score(x, y, average="macro"),
    "mae": lambda x, y: sk.mean_absolute_error(x, y),
    "r": lambda x, y: np.mean([stats.pearsonr(*c).statistic for c in zip(x.T, y.T, strict=True)]),
    "ccc": lambda x, y: np.mean([concordance(*c) for c in zip(x.T, y.T, strict=True)]),
    "acc7": lambda x, y: np.mean(np.round(x.clip(-3, 3)) == np.round(y.clip(-3, 3))),
    "acc5": lambda x, y: np.mean(np.round(x.clip(-2, 2)) == np.round(y.clip(-2, 2))),
    "acc2_nonnegative": lambda x, y: sk.accuracy_score(x[:, 0] >= 0, y[:, 0] >= 0),
    "acc2_positive": lambda x, y: sk.accuracy_score(x[x != 0] > 0, y[x != 0] > 0),
    "f1_nonnegative": lambda x, y: f1(x[:, 0] >= 0, y[:, 0] >= 0),
    "f1_positive": lambda x, y: f1(x[x != 0] > 0, y[x != 0] > 0),
    "acc5_sims": lambda x, y: sk.accuracy_score(*in_intervals(x, y, -0.7, -0.1, 0.1, 0.7)),
    "acc3_sims": lambda x, y: sk.accuracy_score(*in_intervals(x, y, -0.1, 0.1)),
    "acc2_sims": lambda x, y: sk.accuracy_score(*in_intervals(x, y, 0.0)),
    "f1_sims": lambda x, y: f1(*in_intervals(x, y, 0.0)),
    "mean_f1": mean_over_labels(presence_f1),
    "mean_weighted_accuracy": mean_over_labels(weighted_accuracy),
}
ONE_TARGET = {name for name in REFERENCE if name.startswith(("acc", "f1_"))}


def drawn(name, rng, size=60):
    """Targets and predictions, as the metric takes them."""
    encoding = metric(name).encoding
    if encoding == "class":
        return rng.integers(0, 4, size), rng.integers(0, 4, size)
    if encoding == "label":
        return rng.random((size, 3)) < [0.5, 0.1, 0.9], rng.random((size, 3)) < 0.4
    columns = 1 if name in ONE_TARGET else 2
    target = rng.integers(-9, 10, (size, columns)) / 3
    target[::5] = 0
    return target, target + rng.normal(0, 1.5, target.shape)


def test_ch_sims_classes_include_their_upper_ends():
    target = np.array([[-0.8], [-0.7], [-0.1], [0.0], [0.1], [0.7], [0.8]])
    ends = np.array([[-1.0], [-0.9], [-0.2], [0.1], [0.05], [0.2], [5.0]])
    assert metric("acc5_sims").of(target, ends) == 1
    assert metric("acc2_sims").of(target, ends) == pytest.approx(6 / 7)  # 0.1 is positive, 0 is not


def test_every_metric_has_a_reference():
    assert set(REFERENCE) == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_that_of_a_library_or_formula(name):
    target, predicted = drawn(name, np.random.default_rng(1))
    assert metric(name).of(target, predicted) == pytest.approx(REFERENCE[name](target, predicted))


@pytest.mark.parametrize("name", METRICS)
def test_weights_are_repetitions(name):
    """Of the bootstrap: a weight of 2 is the utterance twice, of 0 without it."""
    rng = np.random.default_rng(2)
    target, one = drawn(name, rng)
    predicted = np.stack([one, drawn(name, rng)[1]], axis=1)
    weight = rng.integers(0, 4, (5, len(target))).astype(np.float32)
    scores = metric(name).weighted(target, predicted, weight)
    assert scores.shape == (5, 2)
    for counts, row in zip(weight.astype(int), scores, strict=True):
        rows = np.repeat(np.arange(len(target)), counts)
        for place, score in enumerate(row):
            expected = REFERENCE[name](target[rows], predicted[rows, place])
            assert score == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", METRICS)
def test_chance_is_the_best_constant_answer(name):
    """Tried over classes, labels, or a grid of numbers."""
    target, _ = drawn(name, np.random.default_rng(3))
    one = metric(name)
    if one.encoding == "class":
        answers = [np.full(len(target), label) for label in range(4)]
    elif one.encoding == "label":
        answers = [np.full(target.shape, answer) for answer in (False, True)]
    else:
        answers = [np.full(target.shape, value) for value in np.arange(-9, 10) / 3]
        if name in ("mae", "r", "ccc"):
            answers.append(np.broadcast_to(np.median(target, axis=0), target.shape))
    scores = [one.of(target, answer) for answer in answers]
    best = (np.nanmax if one.higher_is_better else np.nanmin)(np.nan_to_num(scores, nan=0.0))
    assert one.chance(target) == pytest.approx(best)


def test_r_of_a_constant_is_nan_and_its_ccc_is_zero():
    target = np.random.default_rng(4).normal(size=(50, 1))
    constant = np.full((50, 1), 0.1, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(metric("r").of(target, constant))
        assert np.isnan(metric("r").of(constant, target))
        assert metric("ccc").of(target, constant) == 0


def test_f1_weighs_by_the_targets_and_not_by_the_predictions():
    """The known mistake: sklearn's f1_score with its arguments swapped."""
    target, predicted = drawn("f1_positive", np.random.default_rng(5))
    predicted = predicted - 1
    known = target != 0
    swapped = f1(predicted[known] > 0, target[known] > 0)
    assert metric("f1_positive").of(target, predicted) == pytest.approx(
        REFERENCE["f1_positive"](target, predicted)
    )
    assert abs(metric("f1_positive").of(target, predicted) - swapped) > 0.01


def test_zero_is_on_its_side():
    target = np.array([[0.0], [0.0], [-1.0], [2.0]])
    predicted = np.array([[0.1], [-0.1], [-0.1], [0.0]])
    # 0 counts as non-negative, of targets and of predictions
    assert metric("acc2_nonnegative").of(target, predicted) == 3 / 4
    # targets of 0 are left out; a prediction of 0 is not positive
    assert metric("acc2_positive").of(target, predicted) == 1 / 2


def test_measures_without_any_utterance_that_counts_are_nan():
    zeros, answers = np.zeros((3, 1)), np.ones((3, 1))
    for name in ("acc2_positive", "f1_positive"):
        assert np.isnan(metric(name).of(zeros, answers))


def test_r_is_of_predictions_as_they_are():
    """The known mistake: r of predictions that were clipped to the scale."""
    target = np.linspace(-3, 3, 30)[:, None]
    predicted = 2 * target
    assert metric("r").of(target, predicted) == pytest.approx(1)
    assert metric("r").of(target, predicted.clip(-3, 3)) < 0.99
    # only the accuracies limit predictions
    assert metric("acc7").of(np.array([[3.0]]), np.array([[4.2]])) == 1


def test_a_class_or_label_that_never_occurs():
    assert metric("macro_f1").of(np.array([0, 1]), np.array([0, 1])) == 1
    never = np.zeros((4, 2), bool)
    one = np.array([[True, False], [False, False], [True, False], [False, False]])
    assert metric("mean_f1").of(one, one) == 1  # over the first label alone
    assert np.isnan(metric("mean_f1").of(never, never))
    assert metric("mean_f1").of(never, one) == 0
    assert np.isnan(metric("mean_weighted_accuracy").of(never, one))


def test_a_prediction_that_is_no_class_is_wrong_but_no_class():
    assert metric("macro_f1").of(np.array([0, 1]), np.array([0, -1])) == 1 / 2
