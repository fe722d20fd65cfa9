"""How close is the power that ``robust-mer plan`` states to that of sub-sampled experiments?

Two files of predictions of K speakers are the population. An experiment has some speakers and some
of their utterances; the difference between the models is replaced by a known one.

First, the pilot is the whole population, and experiments draw speakers and utterances without
replacement. Their means vary too little, because all are of the same K speakers, so a normal number
with the variance of the speakers over K is added to each. Second, pilots and experiments draw
speakers with replacement.
"""

import argparse
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from robust_mer.forecast.pilot import Pilot, needs_interval, pilot_of, read_gaps
from robust_mer.forecast.power import (
    POWER,
    Assumptions,
    Design,
    even_design,
    is_significant,
    power,
    smallest_difference,
)

SHARES_OF_SPEAKERS = (1 / 5, 1 / 3, 1 / 2)
SHARES = (0.25, 0.5, 0.75, 1.0)
"""Of the utterances of a speaker's class."""
POWERS = (0.5, 0.8)
EXPERIMENTS = 1000
SUBSAMPLES = 500


class Population:
    """The speakers of two files of predictions, from `read_gaps`."""

    def __init__(self, table: pd.DataFrame, seed: int = 1) -> None:
        self._rng = np.random.default_rng(seed)
        self._cells = [
            [cell.to_numpy() for _, cell in rows.groupby("label")["gap"]]
            for _, rows in table.groupby("speaker")
        ]
        self._means = np.array([np.mean([cell.mean() for cell in cells]) for cells in self._cells])
        self._kept: dict[int, np.ndarray] = {}

    @property
    def of_class(self) -> float:
        """The utterances of a speaker's class, typically."""
        return float(np.median([len(cell) for cells in self._cells for cell in cells]))

    def power(self, difference: float, speakers: int, of_class: int, *, again: bool) -> float:
        """Share of experiments that find a difference with so many utterances of each class.

        A speaker with fewer has them all.

        Args:
            difference: Between the models.
            speakers: Of an experiment.
            of_class: Utterances.
            again: Whether an experiment may have a speaker several times.
        """
        values, shape = self._values(of_class), (EXPERIMENTS, speakers)
        if again:
            who = self._rng.integers(len(values), size=shape)
            shift = np.zeros(EXPERIMENTS)
        else:
            who = self._rng.random((EXPERIMENTS, len(values))).argsort(axis=1)[:, :speakers]
            error = (self._means.var(ddof=1) / len(values)) ** 0.5
            shift = error * self._rng.standard_normal(EXPERIMENTS)
        drawn = values[who, self._rng.integers(SUBSAMPLES, size=shape)]
        return float(is_significant(difference + shift[:, None] + drawn).mean())

    def _values(self, of_class: int) -> np.ndarray:
        """Differences of speakers in subsamples of their utterances, without the models' own."""
        if of_class not in self._kept:
            rows = [
                np.mean([self._drawn(cell, of_class) for cell in cells], axis=0)
                for cells in self._cells
            ]
            self._kept[of_class] = np.array(rows) - self._means.mean()
        return self._kept[of_class]

    def _drawn(self, cell: np.ndarray, count: int) -> np.ndarray:
        order = self._rng.random((SUBSAMPLES, len(cell))).argsort(axis=1)
        return np.asarray(cell[order[:, :count]].mean(axis=1))


def of(table: pd.DataFrame) -> Pilot:
    """The pilot of a table; all experiments have the seeds of the run."""
    columns = (table[name].to_numpy() for name in ("gap", "speaker", "label"))
    return replace(pilot_of(*columns), seed_sd=0.0)


def at_power(wanted: float, design: Design, assumed: Assumptions) -> float:
    """The difference that is found so often."""
    low, high = 0.0, 1.0
    while high - low > 0.0005:
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle, design, assumed) >= wanted else (middle, high)
    return high


def compare(table: pd.DataFrame) -> list[float]:
    """Errors of the power, in points, of the pilot that is the whole population."""
    population, pilot, errors = Population(table), of(table), []
    classes, count = table["label"].nunique(), table["speaker"].nunique()
    sizes = sorted({max(3, round(share * count)) for share in SHARES_OF_SPEAKERS})
    for speakers, share, wanted in product(sizes, SHARES, POWERS):
        of_class = max(1, round(share * population.of_class))
        design = even_design(speakers, of_class * classes)
        assumed = pilot.assumptions(design)
        difference = at_power(wanted, design, assumed)
        truth = population.power(difference, speakers, of_class, again=False)
        errors.append(100 * (power(difference, design, assumed) - truth))
    return errors


def cover(table: pd.DataFrame, speakers: int, pilots: int) -> tuple[float, float, float]:
    """Of small pilots: how often 5 points suffice, an interval is shown, and it covers.

    A pilot from which no difference can be found counts against all three.
    """
    rng, population = np.random.default_rng(2), Population(table)
    by_speaker = [rows for _, rows in table.groupby("speaker")]
    of_class, classes = max(1, round(population.of_class / 2)), table["label"].nunique()
    design, close, shown, covered = even_design(9, of_class * classes), 0, 0, 0
    for _ in range(pilots):
        chosen = [by_speaker[n] for n in rng.integers(len(by_speaker), size=speakers)]
        pilot = of(pd.concat([one.assign(speaker=n) for n, one in enumerate(chosen)]))
        smallest = smallest_difference(design, pilot.assumptions(design))
        if smallest is None:
            continue
        truth = population.power(smallest, 9, of_class, again=True)
        low, high = pilot.bounds(smallest, design)
        close += abs(truth - POWER) <= 0.05
        shown += needs_interval((low, high), POWER)
        covered += low - 0.02 <= truth <= high + 0.02  # what 1,000 experiments leave open
    return close / pilots, shown / pilots, covered / pilots


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path, help="predictions.parquet of a model")
    parser.add_argument("second", type=Path, help="of another one")
    parser.add_argument("--pilots", type=int, default=200, help="of each size, for the intervals")
    arguments = parser.parse_args()
    table = read_gaps(arguments.first, arguments.second)
    print(f"{table['speaker'].nunique()} speakers, {len(table)} utterances")
    errors = np.array(compare(table))
    print(
        f"{(np.abs(errors) <= 5).sum()} of {len(errors)} designs within 5 points; worst "
        f"{errors[np.abs(errors).argmax()]:+.1f}, mean {errors.mean():+.1f}"
    )
    for speakers in (3, 6, 12):
        close, shown, covered = cover(table, speakers, arguments.pilots)
        print(
            f"pilots of {speakers} speakers: {close:.0%} within 5 points, interval shown in "
            f"{shown:.0%}, covers in {covered:.0%}"
        )


if __name__ == "__main__":
    main()
