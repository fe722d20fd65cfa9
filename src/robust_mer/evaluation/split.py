"""Results of an experiment by a column of the index, e.g. of improvised and scripted utterances."""

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from robust_mer.errors import InputError
from robust_mer.evaluation.experiment import Experiment
from robust_mer.evaluation.presence import with_presence
from robust_mer.evaluation.spec import SplitSpec
from robust_mer.evaluation.summary import prediction_files, summarise
from robust_mer.files import write_text
from robust_mer.jobs import log
from robust_mer.runtime import Runtime
from robust_mer.table import read_table


@dataclass(frozen=True)
class SplitFiles:
    """What `write_split` reads and writes."""

    predictions: list[Path]
    """One per evaluation of the experiment, in their order."""
    utterances: Path
    table: Path
    """To be written."""
    presence: list[Path] = field(default_factory=list)
    """Feature files of the corpus' modalities if a protocol needs them."""


def write_split(spec: SplitSpec, files: SplitFiles, runtime: Runtime) -> None:
    """Write the measures of the test part separately for each value of a column.

    The rows are those of :func:`robust_mer.evaluation.summary.summarise`, after the column. A value
    is measured in the folds that test on it: their number stands in ``folds``.

    Raises:
        InputError: the index has no such column, or no value of it can be measured.
    """
    table = read_table(files.utterances)
    if spec.column not in table:
        raise InputError(
            f"{files.utterances} has no column {spec.column!r} to split results by; it has "
            f"{', '.join(table.columns)}"
        )
    experiment = with_presence(spec.experiment, files.presence)
    parts, problem = [], None
    for value, rows in table.groupby(spec.column, sort=True):
        try:
            summary = _summarise(experiment, files.predictions, set(rows["utterance"]))
        except InputError as error:
            problem = error
            log.warning("%s %r is left out: %s", spec.column, value, error)
            continue
        name = spec.column if spec.column not in summary else f"{spec.column}_of_corpus"
        summary.insert(0, name, value)
        parts.append(summary)
    if not parts:
        raise InputError(f"results cannot be split by {spec.column}: {problem}")
    write_text(files.table, pd.concat(parts).to_csv(index=False))


def _summarise(experiment: Experiment, paths: list[Path], utterances: set[str]) -> pd.DataFrame:
    """Measures on some utterances, in the folds that test on them."""
    with tempfile.TemporaryDirectory() as folder:
        selected: list[str | Path] = []
        tested: set[int] = set()
        for number, path in enumerate(paths):
            predictions = pd.read_parquet(path)
            predictions = predictions[predictions["utterance"].isin(utterances)]
            tested |= set(predictions.loc[predictions["part"] == "test", "fold"])
            selected.append(Path(folder) / f"{number}.parquet")
            predictions.to_parquet(selected[-1])
        folds = tuple(fold for fold in experiment.folds if fold in tested)
        if not folds:
            raise InputError("no fold of the experiment tests on it")
        predicted = prediction_files(experiment.evaluations, selected)
        return summarise(replace(experiment, folds=folds), predicted)
