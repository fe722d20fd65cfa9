"""Results of an experiment by a column of the index, e.g. of improvised and scripted utterances."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from robust_mer.errors import InputError
from robust_mer.evaluation.spec import SplitSpec
from robust_mer.evaluation.summary import prediction_files, summarise
from robust_mer.files import write_text
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


def write_split(spec: SplitSpec, files: SplitFiles, runtime: Runtime) -> None:
    """Write the measures of the test part separately for each value of a column.

    The rows are those of :func:`robust_mer.evaluation.summary.summarise`, after the column.

    Raises:
        InputError: the index has no such column, or a fold has no test utterance with some value.
    """
    table = read_table(files.utterances)
    if spec.column not in table:
        raise InputError(
            f"{files.utterances} has no column {spec.column!r} to split results by; it has "
            f"{', '.join(table.columns)}"
        )
    parts = []
    for value, rows in table.groupby(spec.column, sort=True):
        with tempfile.TemporaryDirectory() as folder:
            paths = [
                _select(path, set(rows["utterance"]), folder, number)
                for number, path in enumerate(files.predictions)
            ]
            predictions = prediction_files(spec.experiment.evaluations, paths)
            summary = summarise(spec.experiment, predictions)
        summary.insert(0, spec.column, value)
        parts.append(summary)
    write_text(files.table, pd.concat(parts).to_csv(index=False))


def _select(file: str | Path, utterances: set[str], folder: str, number: int) -> Path:
    predictions = pd.read_parquet(file)
    selection = Path(folder) / f"{number}.parquet"
    predictions[predictions["utterance"].isin(utterances)].to_parquet(selection)
    return selection
