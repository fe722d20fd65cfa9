"""The smallest difference in UA that an experiment can tell from chance.

Two models are compared on the same utterances. A speaker's difference in UA is the true difference,
plus what is particular to the speaker, plus the chance of the utterances and of the seeds. The test
is a paired t-test of the speakers' differences, two-sided, at 5 %.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.05
_EXPERIMENTS = 4000
_POWER = 0.8


@dataclass(frozen=True)
class Assumptions:
    """What the differences between two models are like."""

    accuracy: float = 0.6
    """UA of the models."""
    agreement: float = 0.5
    """Correlation of both models' being right about an utterance."""
    speaker_sd: float = 0.03
    """Standard deviation of the true difference between speakers."""
    seed_sd: float = 0.02
    """Standard deviation of a model's UA between seeds, the same for all speakers of a fold."""


@dataclass(frozen=True)
class Design:
    """What an experiment tests on."""

    speakers: int
    utterances: int
    """Of a speaker."""
    seeds: int = 1
    folds: int = 1


def power(difference: float, design: Design, assumed: Assumptions, seed: int = 1) -> float:
    """Share of simulated experiments that find a true difference in UA (as a fraction)."""
    rng = np.random.default_rng(seed)
    shape = (_EXPERIMENTS, design.speakers)
    chance = 2 * assumed.accuracy * (1 - assumed.accuracy) * (1 - assumed.agreement)
    within = np.sqrt(chance / design.utterances)
    values = difference + np.hypot(within, assumed.speaker_sd) * rng.standard_normal(shape)
    of_seeds = assumed.seed_sd * np.sqrt(2 / design.seeds)
    fold = np.arange(design.speakers) % design.folds
    values += of_seeds * rng.standard_normal((_EXPERIMENTS, design.folds))[:, fold]
    return float(is_significant(values).mean())


def is_significant(differences: np.ndarray) -> np.ndarray:
    """Whether the test tells differences [experiments, speakers] from 0."""
    count = differences.shape[1]
    error = differences.std(axis=1, ddof=1) / np.sqrt(count)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.abs(differences.mean(axis=1)) / error
    found: np.ndarray = statistic > stats.t.ppf(1 - LEVEL / 2, count - 1)
    return found


def smallest_difference(design: Design, assumed: Assumptions) -> float | None:
    """The smallest difference in UA that four of five experiments find; None below a half."""
    if design.speakers < 2:
        return None
    low, high = 0.0, 0.5
    if power(high, design, assumed) < _POWER:
        return None
    while high - low > 0.0005:
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle, design, assumed) >= _POWER else (middle, high)
    return high


def from_pilot(
    first: np.ndarray, second: np.ndarray, speaker: np.ndarray, label: np.ndarray
) -> Assumptions:
    """Assumptions from whether two models were right about the utterances of a pilot.

    UA weighs classes equally, so chance is what is left within a speaker's class. A class with a
    single utterance of a speaker says nothing of that. Seeds are left as one pilot shows them: not.

    Args:
        first: Whether one model was right, bool [n].
        second: The same of the other model.
        speaker: Who speaks [n].
        label: The classes [n].
    """
    gap = first.astype(float) - second.astype(float)
    means, of_chance, within = [], [], []
    for one in np.unique(speaker):
        cells = [gap[(speaker == one) & (label == name)] for name in np.unique(label)]
        cells = [cell for cell in cells if len(cell) > 1]
        if cells:
            variances = np.array([cell.var(ddof=1) for cell in cells])
            means.append(np.mean([cell.mean() for cell in cells]))
            of_chance.append(np.mean(variances / [len(cell) for cell in cells]) / len(cells))
            within.append(variances.mean())
    accuracy = float((first.mean() + second.mean()) / 2)
    between = 0.0
    if len(means) > 1:
        between = max(float(np.var(means, ddof=1) - np.mean(of_chance)), 0.0)
    chance = 2 * accuracy * (1 - accuracy)
    agreement = 1 - float(np.mean(within)) / chance if chance and within else 1.0
    return Assumptions(accuracy, agreement, between**0.5, 0.0)
