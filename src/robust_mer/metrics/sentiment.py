"""Measures of sentiment, as papers on CMU-MOSI and CMU-MOSEI, and on CH-SIMS, report them.

CMU-MOSI and CMU-MOSEI, [-3, 3]: Acc-2 and F1 exist under two readings of 0. *Non-negative*: a
target or prediction of 0 counts with the positive ones. *Positive*: utterances whose target is 0
are left out. Their names keep them apart, because numbers of the one are no match for numbers of
the other.

CH-SIMS, [-1, 1]: classes are intervals, and 0 is negative.

Sources: W. Yu et al., "Learning modality-specific representations with self-supervised multi-task
learning for multimodal sentiment analysis", AAAI 2021, which reports both readings; W. Yu et al.,
"CH-SIMS: a Chinese multimodal sentiment analysis dataset with fine-grained annotation of modality",
ACL 2020, with the intervals of its released code (thuiar/MMSA).
"""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from robust_mer.metrics.classes import class_sums, weighted_f1
from robust_mer.metrics.numbers import NumberMetric

SENTIMENT_RANGE = [-3.0, 3.0]


class _ClassAccuracy(NumberMetric):
    """Share of predictions that fall into the class of the target."""

    is_fraction = True

    @abstractmethod
    def class_of(self, values: np.ndarray) -> np.ndarray:
        """The class that each number falls into."""

    def of_target(
        self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        """See `NumberMetric.of_target`."""
        hit = self.class_of(predicted) == self.class_of(target)[:, None]
        total = weight.sum(axis=1, keepdims=True)
        score: np.ndarray = (weight @ hit.astype(weight.dtype)) / np.where(total > 0, total, np.nan)
        return score

    def chance(self, target: np.ndarray) -> float:
        """The share of the most frequent class."""
        shares = [
            np.unique(self.class_of(column), return_counts=True)[1].max() / len(column)
            for column in target.T
        ]
        return float(np.mean(shares))


class _Rounded(_ClassAccuracy):
    """Classes are whole numbers.

    Numbers are limited to [-end, end] and rounded; halves round to the even number.
    """

    end: ClassVar[int]
    scale = (-3, 3)

    def class_of(self, values: np.ndarray) -> np.ndarray:
        """See `_ClassAccuracy.class_of`."""
        rounded: np.ndarray = np.round(np.clip(values, -self.end, self.end))
        return rounded


class Acc7(_Rounded):
    """Accuracy of seven classes: -3 to 3."""

    name = "acc7"
    title = "Acc-7"
    definition = "the accuracy of predictions rounded to -3 to 3"
    end = 3


class Acc5(_Rounded):
    """Accuracy of five classes: -2 to 2."""

    name = "acc5"
    title = "Acc-5"
    definition = "the accuracy of predictions rounded to -2 to 2"
    end = 2


class _TwoClasses(NumberMetric):
    """A measure of two classes under one reading of 0."""

    is_fraction = True
    leaves_out_zero: ClassVar[bool]
    """Whether targets of 0 are left out and a prediction of 0 is negative."""

    def of_target(
        self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        """See `NumberMetric.of_target`."""
        if self.leaves_out_zero:
            rows = target != 0
            target, predicted, weight = target[rows], predicted[rows], weight[:, rows]
        if not len(target):
            return np.full((len(weight), predicted.shape[1]), np.nan, weight.dtype)
        return self.of_classes(self.class_of(target), self.class_of(predicted), weight)

    @abstractmethod
    def of_classes(
        self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        """The measure of targets [n] and predictions [n, K] that are 0 or 1."""

    def chance(self, target: np.ndarray) -> float:
        """The better one of always negative and always positive."""
        weight = np.ones((1, len(target)))
        scores = [
            self.weighted(target, np.full((len(target), 1, target.shape[1]), answer), weight)
            for answer in (-1.0, 1.0)
        ]
        return float(np.max(scores))

    def class_of(self, values: np.ndarray) -> np.ndarray:
        """Whether a number is of the positive class."""
        return values > 0 if self.leaves_out_zero else values >= 0


class _Accuracy(_TwoClasses):
    def of_classes(
        self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        """Share of right answers."""
        total = weight.sum(axis=1, keepdims=True)
        hit = (predicted == target[:, None]).astype(weight.dtype)
        score: np.ndarray = (weight @ hit) / np.where(total > 0, total, np.nan)
        return score


class _F1(_TwoClasses):
    def of_classes(
        self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        """Mean F1 of both classes, weighted by their utterances."""
        return weighted_f1(class_sums(target, predicted, weight))


_NONNEGATIVE = "negative against non-negative (0 is non-negative)"
_POSITIVE = "negative against positive, targets of 0 left out"


class Acc2Nonnegative(_Accuracy):
    """Accuracy of negative and non-negative."""

    name = "acc2_nonnegative"
    title = "Acc-2 non-negative"
    definition = f"the accuracy of {_NONNEGATIVE}"
    leaves_out_zero = False


class Acc2Positive(_Accuracy):
    """Accuracy of negative and positive."""

    name = "acc2_positive"
    title = "Acc-2 positive"
    definition = f"the accuracy of {_POSITIVE}"
    leaves_out_zero = True


class F1Nonnegative(_F1):
    """Weighted F1 of negative and non-negative."""

    name = "f1_nonnegative"
    title = "F1 non-negative"
    definition = f"the weighted F1 of {_NONNEGATIVE}"
    leaves_out_zero = False


class F1Positive(_F1):
    """Weighted F1 of negative and positive."""

    name = "f1_positive"
    title = "F1 positive"
    definition = f"the weighted F1 of {_POSITIVE}"
    leaves_out_zero = True


class _Intervals(_ClassAccuracy):
    """Classes are intervals, each with its upper end."""

    ends: ClassVar[tuple[float, ...]]
    """Upper ends of all but the last."""
    scale: ClassVar[tuple[float, float] | None] = (-1, 1)

    def class_of(self, values: np.ndarray) -> np.ndarray:
        """See `_ClassAccuracy.class_of`."""
        return np.searchsorted(self.ends, values, side="left")


class Acc5Sims(_Intervals):
    """Accuracy of CH-SIMS' five classes."""

    name = "acc5_sims"
    title = "Acc-5 (CH-SIMS)"
    definition = "the accuracy of five classes that end at -0.7, -0.1, 0.1 and 0.7"
    ends = (-0.7, -0.1, 0.1, 0.7)


class Acc3Sims(_Intervals):
    """Accuracy of CH-SIMS' three classes."""

    name = "acc3_sims"
    title = "Acc-3 (CH-SIMS)"
    definition = "the accuracy of three classes that end at -0.1 and 0.1"
    ends = (-0.1, 0.1)


class Acc2Sims(_Intervals):
    """Accuracy of CH-SIMS' two classes."""

    name = "acc2_sims"
    title = "Acc-2 (CH-SIMS)"
    definition = "the accuracy of negative against positive (0 is negative)"
    ends = (0.0,)
    scale = None


class F1Sims(_F1):
    """Weighted F1 of CH-SIMS' two classes."""

    name = "f1_sims"
    title = "F1 (CH-SIMS)"
    definition = "the weighted F1 of negative against positive (0 is negative)"
    leaves_out_zero = False

    def class_of(self, values: np.ndarray) -> np.ndarray:
        """See `_TwoClasses.class_of`."""
        return values > 0
