"""Predictions as arrays: which answers of a model are right, and how sure it is of them.

All files of an experiment share their rows, the test parts of its folds, so that models can be
compared utterance by utterance and resampled together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from robust_mer.errors import InputError
from robust_mer.evaluation.summary import PredictionFile, kinds_of, read_predictions
from robust_mer.files import naming
from robust_mer.protocol import PARTIAL, drawn_condition
from robust_mer.table import read_table

_PROBABILITY = "probability_"


@dataclass(frozen=True)
class HeldOut:
    """The test parts of some folds: a row per (fold, utterance), R in all.

    ``fold`` [R] counts the folds from 0, ``utterance`` [R] the ``names`` [U], ``label`` [R] the
    classes; ``speaker`` [U] numbers who speaks an utterance. ``test_to_train`` is the mean over the
    folds of the size of the test part over that of the training part.
    """

    names: pd.Index
    speaker: np.ndarray
    fold: np.ndarray
    utterance: np.ndarray
    label: np.ndarray
    classes: list[str]
    folds: list[int]
    test_to_train: float

    @property
    def speakers(self) -> int:
        """How many there are."""
        return int(self.speaker.max()) + 1

    @cached_property
    def row_of(self) -> np.ndarray:
        """Row by fold and utterance [F, U]; -1 where the fold does not test on the utterance."""
        rows = np.full((len(self.folds), len(self.names)), -1)
        rows[self.fold, self.utterance] = np.arange(len(self.fold))
        return rows


def read_held_out(
    utterances_csv: str | Path, folds_csv: str | Path, folds: Sequence[int]
) -> HeldOut:
    """The test parts of some folds of a corpus.

    Raises:
        InputError: one of the folds is not there.
    """
    index = read_table(utterances_csv, ["utterance", "label", "speaker"]).set_index("utterance")
    parts = read_table(folds_csv, ["fold", "part", "utterance"])
    parts = parts[parts["fold"].isin([str(fold) for fold in folds])]
    test = parts[parts["part"] == "test"]
    if absent := [fold for fold in folds if str(fold) not in set(test["fold"])]:
        raise InputError(f"{folds_csv} has no test part of fold {absent[0]}")
    if not index.index.is_unique or not test["utterance"].isin(index.index).all():
        raise InputError(
            f"{folds_csv} and {utterances_csv} must name the same utterances, each once"
        )
    test_to_train = _test_to_train(parts, folds_csv)
    names = pd.Index(sorted(test["utterance"].unique()))
    label = index.loc[test["utterance"], "label"]
    classes = sorted(label.unique())
    place = {str(fold): number for number, fold in enumerate(folds)}
    return HeldOut(
        names=names,
        speaker=pd.factorize(index.loc[names, "speaker"])[0],
        fold=test["fold"].map(place).to_numpy(),
        utterance=names.get_indexer(test["utterance"]),
        label=pd.Index(classes).get_indexer(label),
        classes=classes,
        folds=list(folds),
        test_to_train=test_to_train,
    )


def read_test_to_train(folds_csv: str | Path, folds: Sequence[int]) -> float:
    """Mean over some folds of the size of the test part over that of the training part."""
    parts = read_table(folds_csv, ["fold", "part", "utterance"])
    return _test_to_train(parts[parts["fold"].isin([str(fold) for fold in folds])], folds_csv)


def _test_to_train(parts: pd.DataFrame, folds_csv: str | Path) -> float:
    if "train" not in set(parts["part"]):
        raise InputError(f"{folds_csv} has no training part")
    sizes = parts.groupby(["fold", "part"]).size().unstack(fill_value=0)
    return float((sizes["test"] / sizes["train"]).mean())


@dataclass(frozen=True)
class Answers:
    """One model's answers for one corruption, to R rows under C conditions with S seeds.

    ``right`` [R, C, S] is 1 where the label was predicted and 0 elsewhere, ``confidence``
    [R, C, S] the probability of the predicted class, in [0, 1]. ``counts`` [R, C] is false for a
    row that is not tested under the condition because it is tested under another one.
    ``predicted`` [R, C, S] holds the predictions, encoded as `HeldOut.label` is; None where they
    were not asked for. A class that is no target has the place -1.
    """

    file: PredictionFile
    kinds: dict[str, str]  # of the conditions, in their order
    right: np.ndarray
    confidence: np.ndarray
    counts: np.ndarray
    predicted: np.ndarray | None = None

    @property
    def partial(self) -> list[int]:
        """Places of the partial conditions."""
        return [place for place, kind in enumerate(self.kinds.values()) if kind == PARTIAL]


def read_answers(
    file: PredictionFile,
    tested: HeldOut,
    seeds: Sequence[int],
    one_condition_seed: int | None = None,
    with_predictions: bool = False,
) -> Answers:
    """Read the test predictions of some seeds from a file.

    Args:
        file: Of one model and corruption.
        tested: The rows that must be there.
        seeds: Those that count.
        one_condition_seed: Where there is one, every utterance counts under one of the partial
            conditions only, drawn by this seed.
        with_predictions: Whether measures need more than which answers are right.

    Raises:
        InputError: the file cannot be read, or does not hold each of the rows once under every
            condition that it has, with every seed.
    """
    wanted = (
        (ds.field("part") == "test")
        & ds.field("fold").isin(tested.folds)
        & ds.field("seed").isin(list(seeds))
    )
    table = read_predictions(file, None, wanted)
    with naming(file.path, "a file of predictions"):
        return _answers(table, file, tested, seeds, one_condition_seed, with_predictions)


def _answers(
    table: pa.Table,
    file: PredictionFile,
    tested: HeldOut,
    seeds: Sequence[int],
    one_condition_seed: int | None,
    with_predictions: bool,
) -> Answers:
    fold, seed = (
        _places(table[name], list(values), file)
        for name, values in (("fold", tested.folds), ("seed", seeds))
    )
    utterance = _places(table["utterance"], tested.names, file)
    conditions = pc.unique(table["condition"]).to_pylist()
    condition = _places(table["condition"], conditions, file)
    row = tested.row_of[fold, utterance]
    shape = (len(tested.fold), len(conditions), len(seeds))
    times = np.zeros(shape, np.uint8)
    if (row >= 0).all():
        np.add.at(times, (row, condition, seed), 1)
    if (times != 1).any():
        raise InputError(
            f"{file.path} does not contain every test utterance of folds.csv once in each fold, "
            "seed and condition; delete the file and run again"
        )
    right, confidence = np.empty(shape, np.float32), np.empty(shape, np.float32)
    right[row, condition, seed] = pc.equal(table["label"], table["predicted"]).to_numpy()
    probabilities = [name for name in table.column_names if name.startswith(_PROBABILITY)]
    confidence[row, condition, seed] = np.max([table[name] for name in probabilities], axis=0)
    kinds = {name: kinds_of(conditions)[name] for name in conditions}
    counts = np.ones(shape[:2], dtype=bool)
    partial = sorted(name for name, kind in kinds.items() if kind == PARTIAL)
    if one_condition_seed is not None and partial:
        drawn = [drawn_condition(partial, one_condition_seed, "test", u) for u in tested.names]
        places = np.array([conditions.index(name) for name in drawn])[tested.utterance]
        for place, kind in enumerate(kinds.values()):
            if kind == PARTIAL:
                counts[:, place] = places == place
    predicted = None
    if with_predictions:
        predicted = np.empty(shape, np.int64)
        classes = pd.Index(tested.classes)
        predicted[row, condition, seed] = classes.get_indexer(table["predicted"].to_pandas())
    return Answers(file, kinds, right, confidence, counts, predicted)


def _places(
    column: pa.ChunkedArray, values: pd.Index | list[int] | list[str], file: PredictionFile
) -> np.ndarray:
    """Where the entries of a column stand among some values [rows]."""
    encoded = column.combine_chunks().dictionary_encode()
    place = pd.Index(values).get_indexer(pd.Index(encoded.dictionary.to_pylist()))
    if (place < 0).any():
        strange = encoded.dictionary.to_pylist()[int(np.argmin(place))]
        raise InputError(
            f"{file.path} contains {strange!r}, which is not in the test parts of folds.csv; "
            "delete the file and run again"
        )
    return place[encoded.indices.to_numpy()]
