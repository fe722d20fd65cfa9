"""Predictions as arrays: what a model answers, and how sure it is of that.

All files of an experiment share their rows, the test parts of its folds, so that models can be
compared utterance by utterance and resampled together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from robust_mer.conditions import CLEAN, PARTIAL, drawn_condition
from robust_mer.errors import InputError
from robust_mer.evaluation.summary import PredictionFile, columns_of, kinds_of, read_predictions
from robust_mer.files import naming
from robust_mer.protocols.protocol import condition_met
from robust_mer.table import read_table
from robust_mer.tasks.task import KEYS, Task, read_targets


@dataclass(frozen=True)
class HeldOut:
    """The test parts of some folds: a row per (fold, utterance), R in all.

    ``fold`` [R] counts the folds from 0, ``utterance`` [R] the ``names`` [U]; ``target``
    [R, ...] is what is true, as metrics take it; ``speaker`` [U] numbers who speaks an utterance.
    ``test_to_train`` is the mean over the folds of the size of the test part over that of the
    training part.
    """

    names: pd.Index
    speaker: np.ndarray
    fold: np.ndarray
    utterance: np.ndarray
    target: np.ndarray
    task: Task
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
    utterances_csv: str | Path, folds_csv: str | Path, folds: Sequence[int], task: Task
) -> HeldOut:
    """The test parts of some folds of a corpus.

    Args:
        utterances_csv: The index.
        folds_csv: The folds.
        folds: Those that count.
        task: What is predicted.

    Raises:
        InputError: one of the folds is not there.
    """
    table = read_table(utterances_csv, ["utterance", "speaker"])
    index = table.set_index("utterance")
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
    learnt, target = read_targets(table, task)
    place = {str(fold): number for number, fold in enumerate(folds)}
    return HeldOut(
        names=names,
        speaker=pd.factorize(index.loc[names, "speaker"])[0],
        fold=test["fold"].map(place).to_numpy(),
        utterance=names.get_indexer(test["utterance"]),
        target=learnt.truth(target[index.index.get_indexer(pd.Index(test["utterance"]))]),
        task=learnt,
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

    ``predicted`` [R, C, S, ...] holds the predictions, encoded as `HeldOut.target` is;
    ``confidence`` [R, C, S] is the probability that they are right, in [0, 1], as the model states
    it, None if the task has none. ``counts`` [R, C] is false for a row that is not tested under the
    condition because it is tested under another one. ``drawn`` [R] has, by protocol, the place of
    the condition that each row has under it.
    """

    file: PredictionFile
    kinds: dict[str, str]  # of the conditions, in their order
    predicted: np.ndarray
    confidence: np.ndarray | None
    counts: np.ndarray
    drawn: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def partial(self) -> list[int]:
        """Places of the partial conditions."""
        return [place for place, kind in enumerate(self.kinds.values()) if kind == PARTIAL]


def read_answers(
    file: PredictionFile,
    tested: HeldOut,
    seeds: Sequence[int],
    one_condition_seed: int | None = None,
    drawn: Mapping[str, Sequence[str]] | None = None,
) -> Answers:
    """Read the test predictions of some seeds from a file.

    Args:
        file: Of one model and corruption.
        tested: The rows that must be there.
        seeds: Those that count.
        one_condition_seed: Where there is one, every utterance counts under one of the partial
            conditions only, drawn by this seed.
        drawn: By protocol, the condition of each of the ``names`` of ``tested``, as if the
            corruption touched all modalities.

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
        answers = _answers(table, file, tested, seeds, one_condition_seed)
    if file.tested_on == CLEAN or drawn is None:
        return answers
    places = {name: place for place, name in enumerate(answers.kinds)}
    return replace(
        answers,
        drawn={
            protocol: np.array([places[condition_met(one, places)] for one in conditions])[
                tested.utterance
            ]
            for protocol, conditions in drawn.items()
        },
    )


def _answers(
    table: pa.Table,
    file: PredictionFile,
    tested: HeldOut,
    seeds: Sequence[int],
    one_condition_seed: int | None,
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
    columns = columns_of(table, [name for name in table.column_names if name not in KEYS])
    answers = tested.task.answers(columns)[1]
    predicted = np.empty((*shape, *answers.shape[1:]), answers.dtype)
    predicted[row, condition, seed] = answers
    confidence = None
    if tested.task.has_confidence:
        confidence = np.empty(shape, np.float32)
        confidence[row, condition, seed] = tested.task.confidence(columns)
    kinds = {name: kinds_of(conditions)[name] for name in conditions}
    counts = np.ones(shape[:2], dtype=bool)
    partial = sorted(name for name, kind in kinds.items() if kind == PARTIAL)
    if one_condition_seed is not None and partial:
        drawn = [drawn_condition(partial, one_condition_seed, "test", u) for u in tested.names]
        places = np.array([conditions.index(name) for name in drawn])[tested.utterance]
        for place, kind in enumerate(kinds.values()):
            if kind == PARTIAL:
                counts[:, place] = places == place
    return Answers(file, kinds, predicted, confidence, counts)


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
