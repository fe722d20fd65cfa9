"""Predictions as prediction sets need them: probabilities of all classes, and which one is true."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow.dataset as ds

from robust_mer.conditions import letters
from robust_mer.conformal import class_thresholds, known, scores_of, threshold
from robust_mer.coverage import COVERAGE
from robust_mer.errors import InputError
from robust_mer.evaluation.experiment import COMPLETE
from robust_mer.evaluation.summary import PredictionFile, columns_of, kinds_of, read_predictions
from robust_mer.files import naming
from robust_mer.tasks.task import KEYS, ChoiceTask, Columns

OVERALL, EACH_CLASS = "overall", "each class"
"""What is promised: the coverage of all utterances together, or of each class."""

Replica = tuple[int, int]
"""Fold and seed."""

SNR, LOST = "snr_", "lost_"
"""Before a modality, in columns of predictions; see `robust_mer.models.model.Model.describe`."""


@dataclass(frozen=True)
class Rows:
    """Some predictions: whose they are, the true class and the probabilities [n, classes]."""

    utterance: np.ndarray
    truth: np.ndarray
    probability: np.ndarray
    snr: dict[str, np.ndarray]
    """Estimates of a model that has any, in dB, by the letter of the modality."""
    lost: dict[str, np.ndarray]
    """Shares of lost frames, likewise."""

    def at(self, place: np.ndarray) -> "Rows":
        """Some of them."""
        snr, lost = (
            {letter: values[place] for letter, values in figures.items()}
            for figures in (self.snr, self.lost)
        )
        return Rows(self.utterance[place], self.truth[place], self.probability[place], snr, lost)

    def by_group(self, available: str) -> dict[str, np.ndarray]:
        """Places by what is known of an utterance; see `robust_mer.conformal.known`."""
        names = known(available, self.snr, self.lost, len(self.truth))
        return {str(name): np.flatnonzero(names == name) for name in np.unique(names)}

    @property
    def scores(self) -> np.ndarray:
        """Of the true classes [n]."""
        return scores_of(self.probability[np.arange(len(self.truth)), self.truth])

    @property
    def utterances(self) -> int:
        """How many different ones there are."""
        return len(np.unique(self.utterance))

    def thresholds(self) -> dict[str, np.ndarray]:
        """By promise, a threshold for each class."""
        scores, classes = self.scores, self.probability.shape[1]
        return {
            OVERALL: np.full(classes, threshold(scores, self.utterance, COVERAGE)),
            EACH_CLASS: class_thresholds(scores, self.utterance, self.truth, classes, COVERAGE),
        }


def read_rows(
    file: PredictionFile,
    part: str,
    folds: Sequence[int],
    seeds: Sequence[int],
    task: ChoiceTask,
) -> dict[tuple[Replica, str], Rows]:
    """The predictions of some replicas for a part, by replica and condition.

    Args:
        file: Of one model and corruption.
        part: ``validation`` or ``test``.
        folds: Those of the replicas.
        seeds: Likewise.
        task: With its classes.

    Raises:
        InputError: the file has none.
    """
    selection = (
        (ds.field("part") == part)
        & ds.field("fold").isin(list(folds))
        & ds.field("seed").isin(list(seeds))
    )
    table = read_predictions(file, None, selection)
    if not len(table):
        raise InputError(
            f"{file.path} has no predictions of the {part} part of these folds and seeds, which "
            "prediction sets need; delete the file and run again"
        )
    with naming(file.path, "a file of predictions"):
        columns = columns_of(table, [name for name in table.column_names if name not in KEYS])
        _, truth, probability = task.outcomes(columns)
        snr, lost = (_by_letter(columns, prefix) for prefix in (SNR, LOST))
    keys = table.select(["utterance", "fold", "seed", "condition"]).to_pandas()
    utterance = keys["utterance"].to_numpy(dtype=object).astype(str)
    rows = Rows(utterance, truth, probability, snr, lost)
    by = keys.groupby(["fold", "seed", "condition"], sort=False, observed=True)
    groups = cast("dict[tuple[int, int, str], np.ndarray]", by.indices)
    return {
        ((int(fold), int(seed)), str(condition)): rows.at(place)
        for (fold, seed, condition), place in groups.items()
    }


def _by_letter(columns: Columns, prefix: str) -> dict[str, np.ndarray]:
    """Figures of the modalities with this prefix, by the modality's letter."""
    names = [name.removeprefix(prefix) for name in columns if name.startswith(prefix)]
    return {one: np.asarray(columns[f"{prefix}{name}"]) for name, one in letters(names).items()}


def complete_of(rows: Mapping[tuple[Replica, str], Rows]) -> str:
    """Name of the condition in which nothing is corrupted."""
    kinds = kinds_of(condition for _, condition in rows)
    return next(name for name, kind in kinds.items() if kind == COMPLETE)


def joined(parts: list[Rows]) -> Rows:
    """Some predictions together."""
    return Rows(
        np.concatenate([one.utterance for one in parts]),
        np.concatenate([one.truth for one in parts]),
        np.concatenate([one.probability for one in parts]),
        {letter: np.concatenate([one.snr[letter] for one in parts]) for letter in parts[0].snr},
        {letter: np.concatenate([one.lost[letter] for one in parts]) for letter in parts[0].lost},
    )
