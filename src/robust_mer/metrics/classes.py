"""Measures of classes: targets and predictions are places of classes [n].

A prediction below 0 is none of the classes.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np

from robust_mer.metrics.metric import HitMetric, Metric
from robust_mer.settings import Settings


class WA(HitMetric):
    """Weighted accuracy: the fraction of utterances whose class is predicted, in [0, 1]."""

    name = "wa"
    title = "WA"
    definition = "accuracy"

    def of_hits(self, hits: Sequence[np.ndarray], sizes: Sequence[np.ndarray]) -> np.ndarray:
        """See `HitMetric.of_hits`."""
        hit: np.ndarray | float = 0.0
        total: np.ndarray | float = 0.0
        for class_hit, size in zip(hits, sizes, strict=True):
            hit, total = hit + class_hit, total + size
        return hit / np.where(np.greater(total, 0), total, np.nan)

    def chance_of_sizes(self, sizes: np.ndarray) -> np.ndarray:
        """The share of the most frequent class."""
        return cast("np.ndarray", sizes.max(axis=0) / sizes.sum(axis=0))


class UA(HitMetric):
    """Unweighted accuracy: the mean recall of the classes that occur among the targets, in [0, 1].

    A class that is only predicted has no recall and does not count.
    """

    name = "ua"
    title = "UA"
    definition = "the mean recall of the classes"

    def of_hits(self, hits: Sequence[np.ndarray], sizes: Sequence[np.ndarray]) -> np.ndarray:
        """See `HitMetric.of_hits`."""
        recalls: np.ndarray | float = 0.0
        classes: np.ndarray | float = 0.0
        for hit, size in zip(hits, sizes, strict=True):
            occurs = size > 0
            recalls = recalls + np.divide(hit, size, out=np.zeros_like(hit), where=occurs)
            classes = classes + occurs
        return recalls / np.where(np.greater(classes, 0), classes, np.nan)

    def chance_of_sizes(self, sizes: np.ndarray) -> np.ndarray:
        """One over the number of classes that occur."""
        return cast("np.ndarray", 1 / (sizes > 0).sum(axis=0))


class WeightedF1(Metric):
    """F1 of every class, weighted by its utterances, in [0, 1]."""

    name = "weighted_f1"
    title = "weighted F1"
    definition = "the mean F1 of the classes, weighted by their utterances"

    def weighted(self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """See `Metric.weighted`."""
        return weighted_f1(class_sums(target, predicted, weight))

    def chance(self, target: np.ndarray) -> float:
        """That of always the most frequent class."""
        share = np.unique(target, return_counts=True)[1].max() / len(target)
        return float(2 * share**2 / (1 + share))


class MacroF1(Metric):
    """The mean F1 of the classes that occur as target or prediction, in [0, 1]."""

    name = "macro_f1"
    title = "macro F1"
    definition = "the mean F1 of the classes"

    def weighted(self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """See `Metric.weighted`."""
        total: np.ndarray | float = 0.0
        classes: np.ndarray | float = 0.0
        for hit, size, answered in class_sums(target, predicted, weight):
            occurs = size + answered > 0
            total = total + _f1(hit, size, answered)
            classes = classes + occurs
        return total / np.where(np.greater(classes, 0), classes, np.nan)

    def chance(self, target: np.ndarray) -> float:
        """That of always the most frequent class."""
        sizes = np.unique(target, return_counts=True)[1]
        share = sizes.max() / len(target)
        return float(2 * share / (1 + share) / len(sizes))


Sums = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Of a class, weighted: right answers, utterances, and answers, [B, K] each."""


def class_sums(target: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> Iterator[Sums]:
    """Yield the sums of every class that is a target or predicted."""
    for label in np.union1d(target, predicted):
        is_target, is_answer = target == label, predicted == label
        answered = weight @ is_answer.astype(weight.dtype)
        hit = weight[:, is_target] @ is_answer[is_target].astype(weight.dtype)
        size = np.broadcast_to(weight[:, is_target].sum(axis=1)[:, None], hit.shape)
        # A prediction outside the classes is wrong, but does not count as a class.
        if label >= 0:
            yield hit, size, answered


def weighted_f1(classes: Iterator[Sums]) -> np.ndarray:
    """Mean F1 of the classes, weighted by their utterances [B, K]; NaN if none counts."""
    score: np.ndarray | float = 0.0
    total: np.ndarray | float = 0.0
    for hit, size, answered in classes:
        score = score + size * _f1(hit, size, answered)
        total = total + size
    return score / np.where(np.greater(total, 0), total, np.nan)


def _f1(hit: np.ndarray, size: np.ndarray, answered: np.ndarray) -> np.ndarray:
    """2 hits / (utterances + answers); 0 for a class that does not occur."""
    both = size + answered
    score: np.ndarray = np.divide(2 * hit, both, out=np.zeros_like(both), where=both > 0)
    return score


def class_scores(
    names: Sequence[str], target: np.ndarray, predicted: np.ndarray
) -> list[dict[str, Any]]:
    """Utterances, recall, precision and F1 of every class; NaN where one is not defined.

    Args:
        names: Of the classes.
        target: Places of the classes [n].
        predicted: Likewise.
    """
    rows = []
    for place, name in enumerate(names):
        is_target, is_answer = target == place, predicted == place
        hits, size, answers = (int(x.sum()) for x in (is_target & is_answer, is_target, is_answer))
        rows.append(
            {
                "name": name,
                "utterances": size,
                "recall": hits / size if size else np.nan,
                "precision": hits / answers if answers else np.nan,
                "F1": 2 * hits / (size + answers) if size + answers else np.nan,
            }
        )
    return rows


def wa(label: np.ndarray, predicted: np.ndarray) -> float:
    """Weighted accuracy; see `WA`."""
    return WA(Settings()).of(label, predicted)


def ua(label: np.ndarray, predicted: np.ndarray) -> float:
    """Unweighted accuracy; see `UA`."""
    return UA(Settings()).of(label, predicted)
