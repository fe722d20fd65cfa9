"""Measures of numbers: targets [n, T] and predictions; of several targets, the mean over them."""

from abc import abstractmethod

import numpy as np

from robust_mer.metrics.metric import Metric


class NumberMetric(Metric):
    """A measure of numbers."""

    encoding = "number"
    is_fraction = False

    def weighted(self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """See `Metric.weighted`."""
        of_targets = [
            self.of_target(target[:, place], predicted[:, :, place], weight)
            for place in range(target.shape[1])
        ]
        score: np.ndarray = np.mean(of_targets, axis=0)
        return score

    @abstractmethod
    def of_target(
        self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        """The measure of one target: as `Metric.weighted` of [n], [n, K] and [B, n]."""


class MAE(NumberMetric):
    """Mean absolute error, in units of the target."""

    name = "mae"
    title = "MAE"
    definition = "the mean absolute error in units of the target"
    higher_is_better = False

    def of_target(
        self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        """See `NumberMetric.of_target`."""
        error = np.abs(predicted - target[:, None]).astype(weight.dtype)
        return _mean(error, weight)

    def chance(self, target: np.ndarray) -> float:
        """That of always the median."""
        return float(np.abs(target - np.median(target, axis=0)).mean())


class PearsonR(NumberMetric):
    """Pearson's correlation coefficient, in [-1, 1]; NaN where a side is constant."""

    name = "r"
    title = "r"
    definition = "Pearson's correlation coefficient"

    def of_target(
        self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        """See `NumberMetric.of_target`."""
        _, _, variance, variance_of_predicted, covariance = _moments(target, predicted, weight)
        scale = np.sqrt(variance * variance_of_predicted)
        undefined = np.full_like(covariance, np.nan)
        score: np.ndarray = np.divide(covariance, scale, out=undefined, where=scale > 0)
        return score

    def chance(self, target: np.ndarray) -> float:
        """0: answers that have nothing to do with the targets."""
        return 0.0


class CCC(NumberMetric):
    """Concordance correlation coefficient, in [-1, 1]; 0 where predictions are constant.

    CCC = 2 cov(x, y) / (var(x) + var(y) + (mean(x) - mean(y))^2), with variances over n.

    Source: L. I. Lin, "A concordance correlation coefficient to evaluate reproducibility",
    Biometrics 45 (1989), pp. 255-268.
    """

    name = "ccc"
    title = "CCC"
    definition = "the concordance correlation coefficient"

    def of_target(
        self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        """See `NumberMetric.of_target`."""
        mean, mean_of_predicted, variance, variance_of_predicted, covariance = _moments(
            target, predicted, weight
        )
        both = variance + variance_of_predicted + np.square(mean - mean_of_predicted)
        undefined = np.full_like(covariance, np.nan)
        score: np.ndarray = np.divide(2 * covariance, both, out=undefined, where=both > 0)
        return score

    def chance(self, target: np.ndarray) -> float:
        """0: that of every constant."""
        return 0.0


def _mean(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted means of values [n, K]: [B, K], NaN where nothing counts."""
    total = weight.sum(axis=1, keepdims=True)
    score: np.ndarray = (weight @ values) / np.where(total > 0, total, np.nan)
    return score


def _moments(
    target: np.ndarray, predicted: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weighted means, variances and covariance [B, K] of a target and its predictions.

    Means are relative to that of the targets. Variances of what is constant are exactly 0.
    """
    middle = target.mean(dtype=float)
    x = (target - middle)[:, None].astype(weight.dtype)
    y = (predicted - middle).astype(weight.dtype)
    is_constant = (y == y[:1]).all(axis=0)
    mean, mean_of_predicted = _mean(x, weight), _mean(y, weight)
    variance = _mean(x * x, weight) - mean**2
    variance_of_predicted = _mean(y * y, weight) - mean_of_predicted**2
    covariance = _mean(x * y, weight) - mean * mean_of_predicted
    variance_of_predicted = np.where(is_constant, 0, variance_of_predicted.clip(min=0))
    covariance = np.where(is_constant, 0 * covariance, covariance)
    mean, variance = (np.broadcast_to(v, covariance.shape) for v in (mean, variance.clip(min=0)))
    return mean, mean_of_predicted, variance, variance_of_predicted, covariance
