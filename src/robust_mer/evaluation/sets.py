"""Whether prediction sets contain the true class as often as they promise, and how large they are.

Every replica (fold and seed) is calibrated on the predictions for its own validation part, in two
ways. ``same``: under the same corruption and condition. ``blind``: under all corruptions that it
has met in training and is tested on, whatever the condition; known is only which modalities are
there and, if the model estimates SNRs, the level of their mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from robust_mer.conditions import PARTIAL, drawn_condition
from robust_mer.conformal import availability, prediction_sets, taken_away, training_range
from robust_mer.coverage import COVERAGE
from robust_mer.evaluation.answers import HeldOut, read_held_out
from robust_mer.evaluation.bootstrap import bounds, draw_weights
from robust_mer.evaluation.experiment import AVERAGE, REPLICATES, Experiment
from robust_mer.evaluation.set_rows import (
    EACH_CLASS,
    OVERALL,
    Replica,
    Rows,
    complete_of,
    joined,
    read_rows,
)
from robust_mer.evaluation.spec import SetsSpec
from robust_mer.evaluation.summary import SETTING, PredictionFile, kinds_of, prediction_files
from robust_mer.files import write_text
from robust_mer.runtime import Runtime
from robust_mer.table import read_numbers
from robust_mer.tasks.task import ChoiceTask

SAME, BLIND = "same", "blind"
"""What sets are calibrated on; see the module."""


@dataclass(frozen=True)
class SetsFiles:
    """What `measure_sets` reads and writes."""

    predictions: list[Path]
    """One per evaluation of the experiment, in their order."""
    utterances: Path
    folds: Path
    sets: Path
    """``{experiment}_sets.csv``, to be written."""


def measure_sets(spec: SetsSpec, files: SetsFiles, runtime: Runtime) -> None:
    """Write the coverage and the size of prediction sets.

    A row per model, corruption, condition, ``calibration`` (`SAME`, `BLIND`) and ``promise``
    (`OVERALL`, `EACH_CLASS`); ``average`` is the mean of the partial conditions, where all of them
    have sets of the same replicas. Figures are of the sets of all folds and seeds together.
    ``promised`` is the coverage that is promised, ``coverage`` the one that is reached, with its
    interval over speakers (``coverage_low``, ``coverage_high``); ``least_coverage`` that of the
    worst class. ``size`` is the mean number of classes in a set, ``cannot_tell`` the share of sets
    of all classes, ``single`` that of sets of one class.
    ``coverage_sd`` and ``size_sd`` are standard deviations over folds and seeds. ``calibrated_on``
    is the mean number of validation utterances, ``too_few`` the share of thresholds for which they
    were too few.

    Raises:
        InputError: predictions and folds do not fit each other.
    """
    experiment = spec.experiment
    tested = read_held_out(files.utterances, files.folds, experiment.folds, experiment.predicts)
    _, weights = draw_weights(tested.speaker, REPLICATES)
    trained: dict[tuple[str, str], list[PredictionFile]] = {}
    for file in prediction_files(experiment.evaluations, files.predictions):
        trained.setdefault((file.model, file.trained_on), []).append(file)
    parts = []
    for members in trained.values():
        pool = _Pool.of(members, experiment, tested)
        parts += [_measure(file, experiment, tested, pool, weights) for file in members]
    result = pd.concat(parts, ignore_index=True)
    keys: list[tuple[str, str, str]] = list(dict.fromkeys(experiment.evaluations))
    place = [
        keys.index(one)
        for one in zip(result["model"], result["trained_on"], result["tested_on"], strict=True)
    ]
    result = result.iloc[np.argsort(place, kind="stable")]
    write_text(files.sets, result.to_csv(index=False))


def read_sets(path: str | Path) -> pd.DataFrame:
    """Read ``{experiment}_sets.csv`` with the types that it was written from."""
    return read_numbers(path, [*SETTING, "kind", "calibration", "promise"])


@dataclass(frozen=True)
class _Pool:
    """The validation predictions of a model, and its blind thresholds."""

    same: dict[str, dict[tuple[Replica, str], Rows]]
    """By corruption."""
    blind: dict[tuple[Replica, str], Rows]
    """By what is known; those of the range of training together."""
    taken: Mapping[str, str]
    """By corruption, the letters of the modalities that it takes away."""
    thresholds: dict[tuple[Replica, str], dict[str, np.ndarray]] = field(default_factory=dict)

    @classmethod
    def of(cls, files: list[PredictionFile], experiment: Experiment, tested: HeldOut) -> "_Pool":
        """Read the validation predictions."""
        replicas = experiment.folds, experiment.seeds
        same = {f.tested_on: read_rows(f, "validation", *replicas, _task(tested)) for f in files}
        met = training_range(_members(experiment, files[0].trained_on), same)
        modalities = list(experiment.modalities)
        taken = {name: taken_away(name, experiment.named, modalities) for name in same}
        parts: dict[tuple[Replica, str], list[Rows]] = {}
        for name in met:
            complete = complete_of(same[name])
            for (replica, condition), rows in same[name].items():
                available = availability(taken[name], condition, complete)
                for group, place in rows.by_group(available).items():
                    parts.setdefault((replica, group), []).append(rows.at(place))
        return cls(same, {key: joined(rows) for key, rows in parts.items()}, taken)

    def ends(self, replica: Replica, group: str) -> dict[str, np.ndarray] | None:
        """Thresholds by promise of what is known; None if the model was never calibrated so."""
        if (replica, group) not in self.blind:
            return None
        if (replica, group) not in self.thresholds:
            self.thresholds[replica, group] = self.blind[replica, group].thresholds()
        return self.thresholds[replica, group]

    def blind_sets(self, replica: Replica, rows: Rows, available: str) -> "_Ends | None":
        """Thresholds of each of some test predictions; None if nothing calibrates them."""
        shape = rows.probability.shape
        ends = {promise: np.full(shape, np.inf) for promise in (OVERALL, EACH_CLASS)}
        count = np.zeros(len(rows.truth))
        for group, place in rows.by_group(available).items():
            thresholds = self.ends(replica, group)
            if thresholds is None:
                continue
            count[place] = self.blind[replica, group].utterances
            for promise, values in thresholds.items():
                ends[promise][place] = values
        return _Ends(ends, float(count.mean())) if count.any() else None


@dataclass(frozen=True)
class _Ends:
    """Thresholds by promise, and the mean number of utterances that calibrate them."""

    thresholds: dict[str, np.ndarray]
    utterances: float


def _task(tested: HeldOut) -> ChoiceTask:
    """The task, whose classes are known."""
    assert isinstance(tested.task, ChoiceTask)
    return tested.task


def _members(experiment: Experiment, trained_on: str) -> list[str]:
    """The corruptions of a training, alternatives one by one."""
    corruption = experiment.trained_on(trained_on).corruption
    alternatives = experiment.named.get(corruption)
    return [corruption, *(alternatives if isinstance(alternatives, list) else [])]


def _measure(
    file: PredictionFile,
    experiment: Experiment,
    tested: HeldOut,
    pool: _Pool,
    weights: np.ndarray,
) -> pd.DataFrame:
    """The rows of one file.

    Args:
        file: Of one model and corruption.
        experiment: Its folds and seeds.
        tested: The test parts.
        pool: The validation predictions of the model.
        weights: How often each replicate of the bootstrap draws each utterance [B, U].
    """
    rows = read_rows(file, "test", experiment.folds, experiment.seeds, _task(tested))
    kinds = kinds_of(condition for _, condition in rows)
    if experiment.one_condition_seed is not None:
        rows = _one_condition(rows, kinds, experiment.one_condition_seed)
    complete = complete_of(pool.same[file.tested_on])
    sums = _Sums(tested)
    for (replica, condition), some in rows.items():
        validation = pool.same[file.tested_on][replica, condition]
        available = availability(pool.taken[file.tested_on], condition, complete)
        for calibration, ends in (
            (SAME, _Ends(validation.thresholds(), validation.utterances)),
            (BLIND, pool.blind_sets(replica, some, available)),
        ):
            if ends is None:
                continue
            for promise, thresholds in ends.thresholds.items():
                key = condition, calibration, promise
                sums.add(key, replica, some, thresholds, ends.utterances)
    table = sums.table(weights, kinds)
    setting = {"model": file.model, "trained_on": file.trained_on, "tested_on": file.tested_on}
    return pd.DataFrame({**setting, **table})


def _one_condition(
    rows: dict[tuple[Replica, str], Rows], kinds: Mapping[str, str], seed: int
) -> dict[tuple[Replica, str], Rows]:
    """The rows of utterances that count under one partial condition only."""
    partial = sorted(name for name, kind in kinds.items() if kind == PARTIAL)
    counted = {}
    for (replica, condition), some in rows.items():
        if condition in partial:
            drawn = [drawn_condition(partial, seed, "test", name) for name in some.utterance]
            place = np.flatnonzero(np.array(drawn) == condition)
            some = some.at(place)
        counted[replica, condition] = some
    return counted


@dataclass
class _Setting:
    """The sets of all replicas under one condition, calibration and promise."""

    right: np.ndarray
    """How often the set of each test utterance contained its class [U]."""
    sets: np.ndarray
    """How many sets each had [U]."""
    by_class: np.ndarray
    """Sets that contained the class, and all, of each class [2, classes]."""
    sizes: np.ndarray
    """Sets of each number of classes [classes + 1]."""
    replicas: dict[Replica, list[float]] = field(default_factory=dict)
    """Of each: coverage, size, calibrating utterances, share of infinite thresholds."""


class _Sums:
    """Counts of sets, by condition, calibration and promise.

    Args:
        tested: The test parts.
    """

    def __init__(self, tested: HeldOut) -> None:
        self._tested = tested
        self._settings: dict[tuple[str, str, str], _Setting] = {}

    def add(
        self,
        key: tuple[str, str, str],
        replica: Replica,
        rows: Rows,
        thresholds: np.ndarray,
        count: float,
    ) -> None:
        """Count the sets of one replica.

        Args:
            key: Condition, calibration and promise.
            replica: Whose predictions they are.
            rows: Test predictions.
            thresholds: Of the classes, for all sets or for each.
            count: Utterances that calibrated them.
        """
        size, classes = len(self._tested.names), rows.probability.shape[1]
        setting = self._settings.setdefault(
            key,
            _Setting(np.zeros(size), np.zeros(size), np.zeros((2, classes)), np.zeros(classes + 1)),
        )
        sets = prediction_sets(rows.probability, thresholds)
        right, number = sets[np.arange(len(sets)), rows.truth], sets.sum(axis=1)
        place = self._tested.names.get_indexer(pd.Index(rows.utterance))
        np.add.at(setting.right, place, right)
        np.add.at(setting.sets, place, 1)
        setting.by_class += [
            np.bincount(rows.truth, right, classes),
            np.bincount(rows.truth, minlength=classes),
        ]
        setting.sizes += np.bincount(number, minlength=classes + 1)
        setting.replicas[replica] = [
            float(right.mean()),
            float(number.mean()),
            count,
            float(np.isinf(thresholds).mean()),
        ]

    def table(self, weights: np.ndarray, kinds: Mapping[str, str]) -> pd.DataFrame:
        """A row per setting; see `measure_sets`.

        Args:
            weights: How often each replicate draws each utterance [B, U].
            kinds: Of the conditions.
        """
        partial = [name for name, kind in kinds.items() if kind == PARTIAL]
        keys = list(self._settings)
        right, sets = (
            np.stack([getattr(one, name) for one in self._settings.values()], axis=1)
            for name in ("right", "sets")
        )
        with np.errstate(invalid="ignore"):  # a replicate may draw none of a condition's utterances
            resampled = (weights @ right) / (weights @ sets)
        replicas = [np.array(list(one.replicas.values())) for one in self._settings.values()]
        least = [_least(one.by_class) for one in self._settings.values()]
        coverage = list(right.sum(axis=0) / sets.sum(axis=0))
        sizes = [_shares(one.sizes) for one in self._settings.values()]
        for calibration, promise in product((SAME, BLIND), (OVERALL, EACH_CLASS)):
            settings = [self._settings.get((name, calibration, promise)) for name in partial]
            if partial and _are_of_same_replicas(settings):
                places = [keys.index((name, calibration, promise)) for name in partial]
                keys.append((AVERAGE, calibration, promise))
                mean = resampled[:, places].mean(axis=1, keepdims=True)
                resampled = np.concatenate([resampled, mean], axis=1)
                replicas.append(np.mean([replicas[place] for place in places], axis=0))
                least.append(float(np.mean([least[place] for place in places])))
                coverage.append(np.mean([coverage[place] for place in places]))
                sizes.append(np.mean([sizes[place] for place in places], axis=0))
        low, high = bounds(resampled[None])
        _, _, count, too_few = zip(*(one.mean(axis=0) for one in replicas), strict=True)
        size, cannot_tell, single = zip(*sizes, strict=True)
        sd = [one.std(axis=0, ddof=1) if len(one) > 1 else [np.nan] * 2 for one in replicas]
        return pd.DataFrame(
            {
                "condition": [one[0] for one in keys],
                "kind": [kinds.get(one[0], AVERAGE) for one in keys],
                "calibration": [one[1] for one in keys],
                "promise": [one[2] for one in keys],
                "promised": COVERAGE,
                "coverage": coverage,
                "coverage_low": low[0],
                "coverage_high": high[0],
                "coverage_sd": [one[0] for one in sd],
                "least_coverage": least,
                "size": size,
                "size_sd": [one[1] for one in sd],
                "cannot_tell": cannot_tell,
                "single": single,
                "calibrated_on": count,
                "too_few": too_few,
            }
        )


def _are_of_same_replicas(settings: Sequence[_Setting | None]) -> bool:
    """Whether there are sets of the same replicas in all settings."""
    replicas = [None if one is None else set(one.replicas) for one in settings]
    return replicas[0] is not None and all(one == replicas[0] for one in replicas)


def _shares(sizes: np.ndarray) -> np.ndarray:
    """Mean number of classes in a set, share of sets of all classes, and of one class: [3].

    Args:
        sizes: Sets of each number of classes [classes + 1].
    """
    return np.array([sizes @ np.arange(len(sizes)), sizes[-1], sizes[1]]) / sizes.sum()


def _least(by_class: np.ndarray) -> float:
    """Coverage of the worst class, of those that occur."""
    right, every = by_class[:, by_class[1] > 0]
    return float((right / every).min())
