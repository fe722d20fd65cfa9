"""What a measure is, and several measures of several sets of answers at once.

A measure is a function of targets, predictions and weights. With weights of 1 it is the measure on
the data; with the counts of a bootstrap resample it is the measure on that resample.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from robust_mer.settings import Settings


class Metric(ABC):
    """One measure.

    To add a metric, write a subclass and name it in the config as ``module:Class``.
    """

    settings_class: ClassVar[type[Settings]] = Settings
    encoding: ClassVar[str] = "class"
    """What it takes, as `robust_mer.tasks.task.Task.encoding` names it."""
    scale: ClassVar[tuple[float, float] | None] = None
    """The only range of targets that it makes sense of, e.g. ``(-3, 3)``; None: any."""
    name: ClassVar[str]
    """In columns of tables, e.g. ``ua``."""
    title: ClassVar[str]
    """For people, e.g. ``UA``."""
    definition: ClassVar[str] = ""
    """What it is, for the notes below tables, e.g. ``the mean recall of the classes``."""
    is_fraction: ClassVar[bool] = True
    """Whether it is a share in [0, 1]."""
    higher_is_better: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @abstractmethod
    def weighted(self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The measure of K sets of predictions on B resamples.

        Args:
            target: Targets [n, ...], as the task encodes them.
            predicted: Predictions [n, K, ...], encoded likewise.
            weight: How often each utterance counts [B, n].

        Returns:
            [B, K], NaN if no utterance counts or the measure is not defined.
        """

    @abstractmethod
    def chance(self, target: np.ndarray) -> float:
        """The measure of the best answer that ignores the input, on these targets [n, ...]."""

    def of(self, target: np.ndarray, predicted: np.ndarray) -> float:
        """The measure of one set of predictions.

        Args:
            target: Targets [n, ...].
            predicted: Predictions [n, ...].

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

    def of_groups(
        self, target: np.ndarray, predicted: np.ndarray, group: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The measure, and chance, in each of G groups of utterances.

        Args:
            target: Targets [n, ...].
            predicted: Predictions [n, ...].
            group: Number of each utterance's group [n], from 0; no group is empty.

        Returns:
            Two arrays [G].
        """
        order = np.argsort(group, kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(group))[:-1])
        return (
            np.array([self.of(target[rows], predicted[rows]) for rows in parts]),
            np.array([self.chance(target[rows]) for rows in parts]),
        )


class HitMetric(Metric):
    """A measure that is linear in the right answers and depends on nothing else.

    It therefore also accepts shares of right answers (the mean over several seeds) as hits, and
    several such measures share the sums of hits.
    """

    @abstractmethod
    def of_hits(self, hits: Sequence[np.ndarray], sizes: Sequence[np.ndarray]) -> np.ndarray:
        """The measure from the hits of each class.

        Args:
            hits: Weighted right answers to the utterances of each class, C arrays of one shape.
            sizes: Weighted number of these utterances, C arrays of that shape.

        Returns:
            An array of the same shape; NaN where no utterance counts.
        """

    @abstractmethod
    def chance_of_sizes(self, sizes: np.ndarray) -> np.ndarray:
        """`chance` for sizes of classes [C, G]: [G]."""

    def weighted(self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """See `Metric.weighted`."""
        hits, sizes = [], []
        for label in np.unique(target):
            rows = target == label
            class_weight = weight[:, rows]
            hits.append(class_weight @ (predicted[rows] == label).astype(weight.dtype))
            sizes.append(np.broadcast_to(class_weight.sum(axis=1)[:, None], hits[-1].shape))
        return self.of_hits(hits, sizes)

    def chance(self, target: np.ndarray) -> float:
        """See `Metric.chance`."""
        return float(self.chance_of_sizes(np.unique(target, return_counts=True)[1][:, None])[0])

    def of_groups(
        self, target: np.ndarray, predicted: np.ndarray, group: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Metric.of_groups`."""
        names, place = np.unique(target, return_inverse=True)
        cell, shape = place * (group.max() + 1) + group, (len(names), group.max() + 1)
        sizes = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
        hits = np.bincount(cell, target == predicted, minlength=sizes.size).reshape(shape)
        score = np.empty(shape[1])
        patterns, pattern = np.unique(sizes > 0, axis=1, return_inverse=True)
        for number, occurs in enumerate(patterns.T):
            alike = pattern == number
            # The first class is added last, so that sums round as those of pandas' means do.
            classes = np.roll(np.flatnonzero(occurs), -1)
            score[alike] = self.of_hits(
                list(hits[classes][:, alike]), list(sizes[classes][:, alike])
            )
        return score, self.chance_of_sizes(sizes)


@dataclass(frozen=True)
class AnswerSets:
    """K sets of answers to the same n utterances, each given with S seeds."""

    predicted: np.ndarray
    """As the task encodes it [n, K, S, ...]."""
    patterns: np.ndarray
    """The different patterns of utterances that count [n, Q], bool."""
    pattern: np.ndarray
    """Which pattern each set has [K]."""

    def sets(self, chosen: slice) -> "AnswerSets":
        """Some of the sets."""
        return AnswerSets(self.predicted[:, chosen], self.patterns, self.pattern[chosen])

    def utterances(self, rows: np.ndarray) -> "AnswerSets":
        """The answers to some of the utterances."""
        return AnswerSets(self.predicted[rows], self.patterns[rows], self.pattern)


def weighted_scores(
    measures: Sequence[Metric], target: np.ndarray, answers: AnswerSets, weight: np.ndarray
) -> np.ndarray:
    """Several measures of several sets of answers on resamples, means over the seeds.

    Args:
        measures: M of them.
        target: What is true [n, ...].
        answers: K sets.
        weight: How often each utterance counts [B, n]; its precision is that of the sums.

    Returns:
        [M, B, K], NaN where no utterance counts.
    """
    hits: list[np.ndarray] = []
    sizes: list[np.ndarray] = []
    if any(isinstance(metric, HitMetric) for metric in measures):
        hits, sizes = _sum_hits(target, answers, weight)
    return np.stack(
        [
            metric.of_hits(hits, sizes)
            if isinstance(metric, HitMetric)
            else _mean_over_seeds(metric, target, answers, weight)
            for metric in measures
        ]
    )


def _sum_hits(
    target: np.ndarray, answers: AnswerSets, weight: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Right answers (mean over the seeds) and utterances of each class, C arrays [B, K] each."""
    right = (answers.predicted == target[:, None, None]).mean(axis=2, dtype=float)
    right = np.where(answers.patterns[:, answers.pattern], right, 0).astype(weight.dtype)
    patterns = answers.patterns.astype(weight.dtype)
    hits, sizes = [], []
    for label in np.unique(target):
        rows = np.flatnonzero(target == label)
        own = weight[:, rows]
        sizes.append((own @ patterns[rows])[:, answers.pattern])
        hits.append(own @ right[rows])
    return hits, sizes


def _mean_over_seeds(
    metric: Metric, target: np.ndarray, answers: AnswerSets, weight: np.ndarray
) -> np.ndarray:
    """A measure that is not linear in right answers [B, K]."""
    score = np.full((len(weight), len(answers.pattern)), np.nan)
    for number, counts in enumerate(answers.patterns.T):
        rows, alike = np.flatnonzero(counts), np.flatnonzero(answers.pattern == number)
        if len(rows) and len(alike):
            predicted = answers.predicted[rows][:, alike]
            of_seeds = [
                metric.weighted(target[rows], predicted[:, :, seed], weight[:, rows])
                for seed in range(predicted.shape[2])
            ]
            score[:, alike] = np.mean(of_seeds, axis=0)
    return score
