"""Measures of how well a target was predicted, each computed in this one place.

A measure is a function of targets, predictions and weights. With weights of 1 it is the plain
figure; with the counts of a bootstrap resample it is the figure on that resample.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from robust_mer.settings import Settings


class Metric(ABC):
    """One measure.

    A metric of your own is a subclass that the config names as ``module:Class``.
    """

    settings_class: ClassVar[type[Settings]] = Settings
    name: ClassVar[str]
    """In columns of tables, e.g. ``ua``."""
    title: ClassVar[str]
    """For people, e.g. ``UA``."""
    higher_is_better: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @abstractmethod
    def weighted(self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The measure of K sets of predictions on B resamples.

        Args:
            target: What is true [n], as the task encodes it.
            predicted: What was predicted [n, K], encoded likewise.
            weight: How often each utterance counts [B, n].

        Returns:
            [B, K], NaN where no utterance counts.
        """

    @abstractmethod
    def chance(self, target: np.ndarray) -> float:
        """What the best answer that ignores the input reaches on these targets [n]."""

    def of(self, target: np.ndarray, predicted: np.ndarray) -> float:
        """The measure of one set of predictions.

        Args:
            target: What is true [n].
            predicted: What was predicted [n].

        Raises:
            ValueError: there are no utterances, or the two lengths differ.
        """
        if len(target) == 0:
            raise ValueError(f"{self.title} of no utterances")
        if len(target) != len(predicted):
            raise ValueError(
                f"{self.title} of inconsistent numbers: {len(target)} targets, "
                f"{len(predicted)} predictions"
            )
        weight = np.ones((1, len(target)))
        return float(self.weighted(target, np.asarray(predicted)[:, None], weight)[0, 0])


class WA(Metric):
    """Weighted accuracy: the fraction of utterances whose class is predicted, in [0, 1]."""

    name = "wa"
    title = "WA"

    def weighted(self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """See `Metric.weighted`."""
        hits, sizes = _recalls(target, predicted, weight)
        total = sizes.sum(axis=0)[:, None]
        nothing = np.full((len(weight), predicted.shape[1]), np.nan)
        np.divide(hits.sum(axis=0), total, out=nothing, where=total > 0)
        return nothing

    def chance(self, target: np.ndarray) -> float:
        """The share of the most frequent class."""
        return float(np.unique(target, return_counts=True)[1].max() / len(target))


class UA(Metric):
    """Unweighted accuracy: the mean recall of the classes that occur among the targets, in [0, 1].

    A class that is only predicted has no recall and does not count.
    """

    name = "ua"
    title = "UA"

    def weighted(self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """See `Metric.weighted`."""
        hits, sizes = _recalls(target, predicted, weight)
        size = sizes[..., None]
        recall = np.divide(hits, size, out=np.zeros_like(hits), where=size > 0).sum(axis=0)
        classes = (sizes > 0).sum(axis=0)[:, None]
        nothing = np.full((len(weight), predicted.shape[1]), np.nan)
        np.divide(recall, classes, out=nothing, where=classes > 0)
        return nothing

    def chance(self, target: np.ndarray) -> float:
        """One over the number of classes that occur."""
        return 1 / len(np.unique(target))


def _recalls(
    target: np.ndarray, predicted: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted hits [C, B, K] and weighted sizes [C, B] of the classes that occur."""
    hits, sizes = [], []
    for label in np.unique(target):
        rows = target == label
        own = weight[:, rows]
        hits.append(own @ (predicted[rows] == label).astype(weight.dtype))
        sizes.append(own.sum(axis=1))
    return np.stack(hits), np.stack(sizes)


METRICS = {
    "wa": "robust_mer.metrics:WA",
    "ua": "robust_mer.metrics:UA",
}
"""Metrics by the name that the config gives."""


def wa(label: np.ndarray, predicted: np.ndarray) -> float:
    """Weighted accuracy; see `WA`."""
    return WA(Settings()).of(label, predicted)


def ua(label: np.ndarray, predicted: np.ndarray) -> float:
    """Unweighted accuracy; see `UA`."""
    return UA(Settings()).of(label, predicted)
