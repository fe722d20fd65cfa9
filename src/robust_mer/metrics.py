"""The two measures of the field: weighted and unweighted accuracy."""

import numpy as np
from sklearn.metrics import accuracy_score, recall_score


def wa(label: np.ndarray, predicted: np.ndarray) -> float:
    """Weighted accuracy: the share of utterances whose class is predicted, in [0, 1].

    Args:
        label: true classes, integers [N].
        predicted: predicted classes, integers [N].

    Raises:
        ValueError: there are no utterances, or the two lengths differ.
    """
    _check_not_empty(label)
    return float(accuracy_score(label, predicted))


def ua(label: np.ndarray, predicted: np.ndarray) -> float:
    """Unweighted accuracy: the mean recall of the classes that occur in ``label``, in [0, 1].

    A class that is only predicted has no recall and does not count.

    Args:
        label: true classes, integers [N].
        predicted: predicted classes, integers [N].

    Raises:
        ValueError: there are no utterances, or the two lengths differ.
    """
    _check_not_empty(label)
    return float(recall_score(label, predicted, labels=np.unique(label), average="macro"))


def _check_not_empty(label: np.ndarray) -> None:
    if len(label) == 0:
        raise ValueError("accuracy of no utterances")
