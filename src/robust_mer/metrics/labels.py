"""Measures of several labels: targets and predictions are bool [n, labels]."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from robust_mer.metrics.metric import Metric


class _LabelMetric(Metric):
    """The mean of a measure over the labels for which it is defined."""

    encoding = "label"

    def weighted(self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """See `Metric.weighted`."""
        total: np.ndarray | float = 0.0
        labels: np.ndarray | float = 0.0
        for place in range(target.shape[1]):
            score = self._of_label(target[:, place], predicted[:, :, place], weight)
            is_defined = np.isfinite(score)
            total = total + np.where(is_defined, score, 0)
            labels = labels + is_defined
        return total / np.where(np.greater(labels, 0), labels, np.nan)

    def _of_label(
        self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        present = target.astype(weight.dtype)[:, None]
        answered = predicted.astype(weight.dtype)
        hits = weight @ (present * answered)
        return self.of_sums(
            hits,
            np.broadcast_to(weight @ present, hits.shape),
            weight @ answered,
            np.broadcast_to(weight.sum(axis=1, keepdims=True), hits.shape),
        )

    @abstractmethod
    def of_sums(
        self, hits: np.ndarray, present: np.ndarray, answered: np.ndarray, total: np.ndarray
    ) -> np.ndarray:
        """The measure of one label from weighted numbers of utterances [B, K].

        Args:
            hits: That have the label and are said to have it.
            present: That have it.
            answered: That are said to have it.
            total: All.
        """

    def chance(self, target: np.ndarray) -> float:
        """The better one of all labels and none."""
        weight = np.ones((1, len(target)))
        answers = np.stack([np.zeros_like(target), np.ones_like(target)], axis=1)
        return float(self.weighted(target, answers, weight).max())


class MeanF1(_LabelMetric):
    """F1 of presence, the mean over the labels, in [0, 1].

    A label that no utterance has and no answer names has no F1.
    """

    name = "mean_f1"
    title = "F1"
    definition = "the F1 of presence, mean over the labels"

    def of_sums(
        self, hits: np.ndarray, present: np.ndarray, answered: np.ndarray, total: np.ndarray
    ) -> np.ndarray:
        """2 hits / (present + answered)."""
        both = present + answered
        score: np.ndarray = np.divide(
            2 * hits, both, out=np.full_like(both, np.nan), where=both > 0
        )
        return score


class MeanWeightedAccuracy(_LabelMetric):
    """The mean of the recalls of presence and absence, mean over the labels, in [0, 1].

    A label that all utterances or none have has no such accuracy.

    Source: A. Zadeh et al., "Multimodal language analysis in the wild: CMU-MOSEI dataset and
    interpretable dynamic fusion graph", ACL 2018, section 5 (weighted accuracy).
    """

    name = "mean_weighted_accuracy"
    title = "weighted accuracy"
    definition = "the mean recall of presence and absence, mean over the labels"

    def of_sums(
        self, hits: np.ndarray, present: np.ndarray, answered: np.ndarray, total: np.ndarray
    ) -> np.ndarray:
        """(hits / present + right absences / absent) / 2."""
        absent = total - present
        right = absent - (answered - hits)
        is_defined = (present > 0) & (absent > 0)
        sensitivity, specificity = (
            np.divide(part, whole, out=np.full_like(whole, np.nan), where=is_defined)
            for part, whole in ((hits, present), (right, absent))
        )
        score: np.ndarray = (sensitivity + specificity) / 2
        return score


def label_scores(
    names: Sequence[str], target: np.ndarray, predicted: np.ndarray
) -> list[dict[str, Any]]:
    """Utterances that have each label, weighted accuracy and F1; NaN where one is not defined.

    Args:
        names: Of the labels.
        target: bool [n, labels].
        predicted: Likewise.
    """
    metrics = [kind(kind.settings_class()) for kind in (MeanWeightedAccuracy, MeanF1)]
    return [
        {
            "name": name,
            "utterances": int(target[:, place].sum()),
            **{
                metric.title: metric.of(target[:, [place]], predicted[:, [place]])
                for metric in metrics
            },
        }
        for place, name in enumerate(names)
    ]
