"""Conformal prediction sets: answers that contain the true class with a promised probability.

Split conformal prediction (V. Vovk, A. Gammerman and G. Shafer, "Algorithmic Learning in a Random
World", Springer 2005) with the score of LAC: 1 - p(true class). A set holds all classes whose score
is at most a quantile of the scores of validation utterances.

Source of the score and of a threshold for each class: M. Sadinle, J. Lei and L. Wasserman, "Least
Ambiguous Set-Valued Classifiers With Bounded Error Levels", JASA 114(525), 2019. Of all scores it
gives the smallest sets on average, if the probabilities are right. It draws nothing, as APS
(Y. Romano, M. Sesia and E. Candès, NeurIPS 2020) must for its coverage: one clip, one answer.
"""

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from robust_mer.conditions import CLEAN, MISSING, NONE, letters, read_name

SNR_LIMITS = (-20.0, -10.0, 0.0, 10.0)
"""Between the levels of a model's estimates of the SNR, in dB."""

_ROUNDING = 1e-9


def scores_of(probability: np.ndarray) -> np.ndarray:
    """How strange each class would be as the true one, from its probability."""
    scores: np.ndarray = 1 - np.asarray(probability, float)
    return scores


def threshold(scores: np.ndarray, utterance: np.ndarray, coverage: float) -> float:
    """The score up to which classes belong to a set.

    With a score per utterance, it is the ceil((n + 1) coverage)-th smallest of n scores. If an
    utterance was tested several times, under several corruptions, its scores share its weight: n
    counts utterances, because the scores of one of them resemble each other.

    Source of the weights: Y. Lee, R. F. Barber and R. Willett, "Distribution-free inference with
    hierarchical data", arXiv:2306.06342, section 3.

    Args:
        scores: Of true classes [n].
        utterance: Whose they are [n].
        coverage: Probability that a set contains the true class.

    Returns:
        Infinity if the utterances are too few for the promise: the set is then everything.
    """
    _, place, size = np.unique(utterance, return_inverse=True, return_counts=True)
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(1 / size[place[order]])
    first = int(np.searchsorted(reached, coverage * (len(size) + 1) - _ROUNDING))
    return float(scores[order[first]]) if first < len(order) else float("inf")


def class_thresholds(
    scores: np.ndarray, utterance: np.ndarray, truth: np.ndarray, classes: int, coverage: float
) -> np.ndarray:
    """A threshold for each class, so that every class has the coverage [classes].

    Args:
        scores: Of true classes [n].
        utterance: Whose they are [n].
        truth: Places of the true classes [n].
        classes: How many there are.
        coverage: Probability that a set contains the true class, whichever it is.
    """
    return np.array(
        [
            threshold(scores[truth == one], utterance[truth == one], coverage)
            for one in range(classes)
        ]
    )


def prediction_sets(probability: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Which classes belong to each set, bool [n, classes].

    A set never lacks the most probable class, which can only raise the coverage.

    Args:
        probability: Of the classes [n, classes].
        thresholds: For all classes (a number), for each [classes], or for each of each set
            [n, classes].
    """
    sets: np.ndarray = scores_of(probability) <= thresholds
    sets[np.arange(len(sets)), np.argmax(probability, axis=1)] = True
    return sets


def training_range(trained_on: Collection[str], tested_on: Iterable[str]) -> list[str]:
    """The tests whose corruption a model has met in training, and clean data.

    An amount between the least and the greatest of the same kind in training counts as met.

    Args:
        trained_on: Names of the corruptions in training, alternatives one by one.
        tested_on: Names of the corruptions of the tests.
    """
    amounts: dict[str, list[float]] = {}
    for name in trained_on:
        parsed = read_name(name)
        if parsed is not None and parsed.amount is not None:
            ends = [parsed.amount, parsed.highest]
            amounts.setdefault(parsed.kind, []).extend(end for end in ends if end is not None)

    def is_met(name: str) -> bool:
        parsed = read_name(name)
        if name == CLEAN or name in trained_on:
            return True
        if parsed is None or parsed.amount is None or parsed.kind not in amounts:
            return False
        least, most = min(amounts[parsed.kind]), max(amounts[parsed.kind])
        end = parsed.amount if parsed.highest is None else parsed.highest
        return least <= parsed.amount and end <= most

    return [name for name in tested_on if is_met(name)]


def taken_away(corruption: str, named: Mapping[str, object], modalities: list[str]) -> str:
    """Letters of the modalities that a corruption takes away, so that people know of it.

    Args:
        corruption: Its name.
        named: What names stand for: alternatives, or a corruption by modality.
        modalities: Of the corpus.
    """
    letter, spec = letters(modalities), named.get(corruption)
    by_modality = spec if isinstance(spec, Mapping) else dict.fromkeys(modalities, corruption)
    return "".join(letter[modality] for modality, one in by_modality.items() if one == MISSING)


def availability(taken: Collection[str], condition: str, complete: str) -> str:
    """The modalities that are there under a condition, named as conditions are.

    Args:
        taken: Letters of the modalities that the corruption takes away.
        condition: Of the test: the letters of the clean modalities.
        complete: The letters of all modalities.
    """
    clean = "" if condition == NONE else condition
    return "".join(one for one in complete if one in clean or one not in taken) or NONE


def known(
    available: str, estimates: Mapping[str, np.ndarray], lost: Mapping[str, np.ndarray], size: int
) -> np.ndarray:
    """What is known of some utterances, without knowing the noise: names of groups [size].

    Utterances of a group calibrate one another. A group is the available modalities and, if the
    model estimates SNRs, the level of their mean: ``avl``, or ``avl 2`` for the third level. A
    modality of which the model says that all frames are lost is not available.

    Args:
        available: Letters of the modalities, or ``none``.
        estimates: SNRs in dB by letter [size]; empty if the model estimates none.
        lost: Shares of lost frames by letter [size]; empty if the model does not say.
        size: How many utterances there are.
    """
    letter = [] if available == NONE else list(available)
    everything = np.zeros(size)
    there = np.array([lost.get(one, everything) < 1 for one in letter]).reshape(len(letter), size)
    names = np.empty(size, dtype=object)
    patterns = np.unique(there, axis=1)
    for number in range(patterns.shape[1]):
        pattern = patterns[:, number]
        place = np.flatnonzero((there == pattern[:, None]).all(axis=0))
        kept = [one for one, is_there in zip(letter, pattern, strict=True) if is_there]
        names[place] = "".join(kept) or NONE
        measured = [estimates[one][place] for one in kept if one in estimates]
        if measured:
            mean = np.atleast_1d(np.mean(measured, axis=0))
            levels = np.searchsorted(SNR_LIMITS, mean, side="right")
            names[place] = [f"{''.join(kept)} {level}" for level in levels]
    return names.astype(str)
