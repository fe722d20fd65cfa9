"""What the differences between two models are like, from their predictions in an earlier run."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from robust_mer.conditions import counted_conditions
from robust_mer.errors import InputError
from robust_mer.files import naming
from robust_mer.forecast.power import Assumptions, Design, Speakers, power
from robust_mer.table import read_table

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE = 0.95
TOLERANCE = 0.05
"""An answer that may be off by more needs an interval."""

_COLUMNS = ["utterance", "fold", "seed", "condition", "part", "label", "predicted"]
_DRAWS = 2000


@dataclass(frozen=True)
class Pilot:
    """The speakers of a pilot; S speakers, C classes.

    UA weighs classes equally. So a speaker's difference is the mean over the classes that the
    speaker has, and its chance is what is left within a speaker's class.
    """

    difference: np.ndarray
    """In UA, of every speaker [S]."""
    squares: np.ndarray
    """Sum of squares within a speaker's class [S, C]."""
    freedom: np.ndarray
    """Its degrees of freedom [S, C]."""
    weight: np.ndarray
    """What a class' variance adds to that of the speaker's difference [S, C]."""
    utterances: np.ndarray
    """Of every speaker [S]."""
    across: float
    """Share of the pairs of speakers whose folds, and so whose seeds, differ."""
    flips: float = 0.0
    """Fraction of chance that further seeds average away; 0 if the pilot has one seed."""
    seed_sd: float = Assumptions.seed_sd
    """Of a model's UA between seeds; assumed, because a pilot has few seeds."""

    def assumptions(self, design: Design) -> Assumptions:
        """The estimate for a design.

        What seeds add is subtracted from the variance between speakers, because a design adds its
        own.
        """
        variance = np.array([self.difference.var(ddof=1)])
        return self._explain(variance, np.ones((1, len(self.difference))), design)[0]

    def bounds(self, difference: float, design: Design) -> tuple[float, float]:
        """Interval of the power of a design, which says how little the pilot may know.

        With k speakers, the variance between them has k - 1 degrees of freedom and is drawn from
        its fiducial distribution, because a bootstrap over few speakers is far too narrow. Chance
        rests on all utterances, so its variance is drawn by a bootstrap over speakers.
        """
        rng = np.random.default_rng(1)
        count = len(self.difference)
        times = rng.multinomial(count, np.full(count, 1 / count), size=_DRAWS)
        freedom = rng.chisquare(count - 1, _DRAWS)
        variance = self.difference.var(ddof=1) * (count - 1) / freedom
        draws = self._explain(variance, times, design)
        draws.sort(key=lambda one: one.speaker_sd**2 + one.utterance_sd**2 * _inverse(design))
        tail = round((1 - CONFIDENCE) / 2 * _DRAWS)
        low, high = (power(difference, design, draws[place]) for place in (-tail - 1, tail))
        return low, high

    def _explain(
        self, variance: np.ndarray, times: np.ndarray, design: Design
    ) -> list[Assumptions]:
        """Divide the variance of speakers' differences [n] into chance and what is their own.

        Speakers may differ less than chance alone makes them. Their variance cannot be negative, so
        then chance is taken to be smaller, as much as it takes for a design like the pilot to have
        the pilot's variance; otherwise the answer would be biased for models that are alike.
        """
        chance, of_utterance = self._chance(times)
        seen = variance - self.across * 2 * self.seed_sd**2
        own = seen - chance
        of_utterance = of_utterance * (1 - self.flips * (1 - 1 / design.seeds))
        most = np.maximum(chance, of_utterance * _inverse(design))
        lack = np.divide(own.clip(max=0), most, out=np.zeros(len(own)), where=most > 0)
        smaller = of_utterance * (1 + lack).clip(0)
        return [
            Assumptions(
                float(of_answers) ** 0.5,
                float(of_speakers) ** 0.5,
                self.seed_sd,
                Speakers(*self._shape, max(0.0, float(both))),
            )
            for of_answers, of_speakers, both in zip(smaller, own.clip(0), seen, strict=True)
        ]

    @cached_property
    def _shape(self) -> tuple[np.ndarray, np.ndarray]:
        """``deviation`` and ``chance`` of `Speakers`."""
        deviation = self.difference - self.difference.mean()
        overall = self.squares.sum() / self.freedom.sum()
        variance = np.where(self.freedom > 0, self.squares / self.freedom.clip(1), overall)
        chance = (self.weight * variance).sum(axis=1)
        sd, usual = deviation.std(), chance.mean() ** 0.5
        return (
            deviation / sd if sd > 0 else deviation,
            chance**0.5 / usual if usual > 0 else np.ones(len(chance)),
        )

    def _chance(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Variance by chance, of a speaker's difference and of one utterance [n].

        Args:
            times: How often each draw has each speaker [n, S].
        """
        freedom, squares = times @ self.freedom, times @ self.squares
        overall = squares.sum(axis=1, keepdims=True) / freedom.sum(axis=1, keepdims=True).clip(1)
        variance = np.where(freedom > 0, squares / freedom.clip(1), overall)
        of_speaker = times @ self.weight / len(self.weight)
        of_utterance = times @ (self.weight * self.utterances[:, None]) / len(self.weight)
        return (of_speaker * variance).sum(axis=1), (of_utterance * variance).sum(axis=1)


def _inverse(design: Design) -> float:
    """The mean of one over a speaker's utterances."""
    return float(np.mean(1 / np.array(design.utterances)))


def pilot_of(
    gap: np.ndarray,
    speaker: np.ndarray,
    label: np.ndarray,
    fold: np.ndarray | None = None,
    flips: np.ndarray | None = None,
) -> Pilot:
    """The pilot of a table of utterances.

    Args:
        gap: How much more often one model was right than the other, in [-1, 1], [n].
        speaker: Who speaks [n].
        label: The classes [n].
        fold: The fold whose models were tested [n]; the same for all by default.
        flips: Variance of the gap between seeds [n]; unknown by default.

    Raises:
        InputError: there are fewer than two speakers, or no two utterances of a speaker's class.
    """
    speakers, of_speaker, utterances = np.unique(speaker, return_inverse=True, return_counts=True)
    classes, of_class = np.unique(label, return_inverse=True)
    shape = (len(speakers), len(classes))
    cell = of_speaker * len(classes) + of_class
    count = np.bincount(cell, minlength=shape[0] * shape[1])
    mean = np.bincount(cell, gap, minlength=len(count)) / count.clip(1)
    squares = np.bincount(cell, (gap - mean[cell]) ** 2, minlength=len(count)).reshape(shape)
    count, mean = count.reshape(shape), mean.reshape(shape)
    freedom = (count - 1).clip(0)
    if len(speakers) < 2 or not freedom.any():
        raise InputError(
            f"a pilot of {len(speakers)} speakers with {len(gap)} test utterances shows no "
            "variation; expected several speakers with several utterances of each class"
        )
    present = (count > 0).sum(axis=1)
    weight = (count > 0) / count.clip(1) / present[:, None] ** 2
    within = squares.sum() / freedom.sum()
    flipped = 0.0 if flips is None or within <= 0 else min(float(np.mean(flips) / within), 1.0)
    return Pilot(
        mean.sum(axis=1) / present,
        squares,
        freedom,
        weight,
        utterances,
        0.0 if fold is None else _across(of_speaker, fold),
        flipped,
    )


def _across(of_speaker: np.ndarray, fold: np.ndarray) -> float:
    """Share of the pairs of speakers with different folds."""
    first = np.unique(of_speaker, return_index=True)[1]
    _, sizes = np.unique(fold[first], return_counts=True)
    total = sizes.sum()
    return float(1 - (sizes * (sizes - 1)).sum() / (total * (total - 1)))


def needs_interval(bounds: tuple[float, float], expected: float) -> bool:
    """Whether the power may differ from what is expected by more than the tolerance."""
    return bounds[0] < expected - TOLERANCE or bounds[1] > expected + TOLERANCE


def read_pilot(first: Path, second: Path) -> Pilot:
    """The pilot of two ``predictions.parquet`` of one corpus; see `read_gaps`."""
    table = read_gaps(first, second)
    names = ("gap", "speaker", "label", "fold", "flips")
    return pilot_of(*(table[name].to_numpy() for name in names))


def read_gaps(first: Path, second: Path) -> "pd.DataFrame":
    """How much more often the first model was right about each test utterance than the second.

    This is about the first seed, and the average of the partial conditions, as in the tables; for
    clean data the complete condition.

    Returns:
        A row per utterance: ``gap, speaker, label, fold``, and ``flips``, the variance of the gap
        between seeds (0 with one seed).

    Raises:
        InputError: they are no predictions of classes, or have no test utterances in common.
    """
    both = _answers(first).join(_answers(second)["right"].rename("other"), how="inner")
    if both.empty:
        raise InputError(f"{first} and {second} have no test utterances of the same seed in common")
    parents = first.resolve().parents
    index = parents[min(4, len(parents) - 1)] / "utterances.csv"
    if not index.is_file():
        raise InputError(f"{index} does not exist; --pilot expects files where a run wrote them")
    both["gap"] = both["right"] - both["other"]
    by_utterance = both.reset_index().groupby("utterance")
    rows = by_utterance[["gap", "label", "fold"]].first()
    speakers = read_table(index, ["utterance", "speaker"]).set_index("utterance")["speaker"]
    if missing := sorted(set(rows.index) - set(speakers.index)):
        raise InputError(
            f"{index} lacks the utterance {missing[0]!r}, which {first} has; expected predictions "
            "of the corpus as it is indexed now"
        )
    return rows.assign(flips=by_utterance["gap"].var().fillna(0.0), speaker=speakers[rows.index])


def _answers(path: Path) -> "pd.DataFrame":
    """How often answers are right, by test utterance and seed, with label and fold."""
    import pandas as pd

    with naming(path, "a file of predictions of classes"):
        table = pd.read_parquet(path, columns=_COLUMNS)
        is_used = table["condition"].isin(counted_conditions(set(table["condition"])))
        table = table[is_used & table["part"].eq("test")]
        right = table["label"].eq(table["predicted"]).astype(float)
        table = table.assign(right=right, label=table["label"].astype(str))
        by_answer = table.groupby(["utterance", "seed"])
        return by_answer.agg({"right": "mean", "label": "first", "fold": "first"})
