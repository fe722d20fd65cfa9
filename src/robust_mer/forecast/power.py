"""The smallest difference in UA that an experiment can tell from chance.

Two models are compared on the same utterances. A speaker's difference in UA is the true difference,
plus what is particular to the speaker, plus the chance of the utterances and of the seeds. The test
is a paired t-test of the speakers' differences, two-sided, at 5 %.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy import stats

LEVEL = 0.05
POWER = 0.8
_EXPERIMENTS = 4000


@dataclass(frozen=True)
class Speakers:
    """Distribution of the differences between a pilot's speakers, which is rarely normal."""

    deviation: np.ndarray
    """Of every speaker from the mean, in standard deviations [S]."""
    chance: np.ndarray
    """Standard deviation of a speaker's chance, over the root mean square of all [S]."""
    variance: float
    """Variance of the speakers' differences, including chance, without the effect of seeds."""


@dataclass(frozen=True)
class Assumptions:
    """What the differences between two models are like."""

    utterance_sd: float = 0.49
    """Standard deviation of the difference within a speaker: chance alone makes it this much over
    the root of the utterances. Two models with a UA of 0.6 whose being right correlates by 0.5 have
    0.49."""
    speaker_sd: float = 0.03
    """Standard deviation of the true difference between speakers."""
    seed_sd: float = 0.01
    """Standard deviation of a model's UA between seeds, the same for all speakers of a fold: beyond
    what seeds change in single answers, which belongs to the chance of utterances."""
    speakers: Speakers | None = field(default=None, compare=False)
    """Those of a pilot; None: speakers are normal and have the same chance."""


@dataclass(frozen=True)
class Design:
    """What an experiment tests on."""

    utterances: tuple[int, ...]
    """Of every speaker."""
    folds: tuple[int, ...]
    """Of every speaker."""
    seeds: int = 1


def even_design(speakers: int, utterances: int, folds: int = 1, seeds: int = 1) -> Design:
    """A design of speakers with equally many utterances, in folds of equally many speakers."""
    return Design((utterances,) * speakers, tuple(n % folds for n in range(speakers)), seeds)


def power(difference: float, design: Design, assumed: Assumptions, seed: int = 1) -> float:
    """Share of simulated experiments that find a true difference in UA (as a fraction).

    Without a difference, it is the share of false alarms. Speakers of a fold share its seeds, which
    the test ignores, so that share exceeds the level of the test.
    """
    rng = np.random.default_rng(seed)
    variance = assumed.speaker_sd**2 + assumed.utterance_sd**2 / np.array(design.utterances)
    values = difference + _deviations(variance, assumed.speakers, rng)
    of_seeds = assumed.seed_sd * np.sqrt(2 / design.seeds)
    names, fold = np.unique(design.folds, return_inverse=True)
    values += of_seeds * rng.standard_normal((_EXPERIMENTS, len(names)))[:, fold]
    return float(is_significant(values).mean())


def _deviations(
    variance: np.ndarray, speakers: Speakers | None, rng: np.random.Generator
) -> np.ndarray:
    """Of the speakers of all experiments from the true difference [experiments, speakers].

    With a pilot of k speakers they are drawn from its speakers, chance included. A normal
    distribution supplies 1/k of the variance, because new speakers differ in other ways. If the
    design has more variance than the pilot, normal noise is added, in proportion to each speaker's
    ``chance``. If it has less, all deviations are scaled down.

    Args:
        variance: Of every speaker of the design.
        speakers: Those of the pilot.
        rng: The random numbers.
    """
    shape = (_EXPERIMENTS, len(variance))
    normal = rng.standard_normal(shape)
    if speakers is None:
        return np.asarray(np.sqrt(variance) * normal)
    count = len(speakers.deviation)
    who = rng.integers(count, size=shape)
    seen = np.sqrt(1 - 1 / count) * speakers.deviation[who]
    seen += np.sqrt(1 / count) * rng.standard_normal(shape)
    kept = np.minimum(variance, speakers.variance)
    chance = speakers.chance[who] * normal
    return np.asarray(np.sqrt(kept) * seen + np.sqrt(variance - kept) * chance)


def is_significant(differences: np.ndarray) -> np.ndarray:
    """Whether the test tells differences [experiments, speakers] from 0."""
    count = differences.shape[1]
    error = differences.std(axis=1, ddof=1) / np.sqrt(count)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.abs(differences.mean(axis=1)) / error
    significant: np.ndarray = statistic > stats.t.ppf(1 - LEVEL / 2, count - 1)
    return significant


def smallest_difference(design: Design, assumed: Assumptions) -> float | None:
    """The smallest difference in UA that four of five experiments find; None below a half."""
    if len(design.utterances) < 2:
        return None
    low, high = 0.0, 0.5
    if power(high, design, assumed) < POWER:
        return None
    while high - low > 0.0005:
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle, design, assumed) >= POWER else (middle, high)
    return high
