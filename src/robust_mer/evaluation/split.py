"""Results of an experiment by a column of the index, e.g. of improvised and scripted utterances."""

import tempfile
from pathlib import Path

import pandas as pd

from robust_mer.errors import InputError
from robust_mer.evaluation.summary import PredictionFile, summarise
from robust_mer.files import whole
from robust_mer.table import read_table


def write_split(
    path: str | Path,
    experiment: dict,
    predictions: dict[tuple[str, str, str], str | Path],
    utterances_csv: str | Path,
    column: str,
) -> None:
    """Write WA and UA of the test part, taken on the utterances of each value of a column alone.

    Args:
        path: The csv to write: rows as of :func:`robust_mer.evaluation.summary.summarise`, behind
            the column.
        experiment: ``folds`` and ``seeds`` that count, and perhaps ``one_condition_seed``, as in
            :func:`robust_mer.evaluation.tables.write_tables`.
        predictions: Path by (model, trained on, tested on).
        utterances_csv: The corpus' index.
        column: One of its columns.

    Raises:
        InputError: the index has no such column, or a fold tests on no utterance of some value.
    """
    table = read_table(utterances_csv)
    if column not in table:
        raise InputError(
            f"{utterances_csv} has no column {column!r} to split results by; it has "
            f"{', '.join(table)}"
        )
    parts = []
    for value, rows in table.groupby(column, sort=True):
        with tempfile.TemporaryDirectory() as folder:
            files = [
                PredictionFile(*key, _select(file, set(rows["utterance"]), folder, number))
                for number, (key, file) in enumerate(predictions.items())
            ]
            seed = experiment.get("one_condition_seed")
            summary = summarise(files, experiment["folds"], experiment["seeds"], seed)
        summary.insert(0, column, value)
        parts.append(summary)
    with whole(path) as unfinished:
        pd.concat(parts).to_csv(unfinished, index=False)


def _select(file: str | Path, utterances: set[str], folder: str, number: int) -> Path:
    predictions = pd.read_parquet(file)
    some = Path(folder) / f"{number}.parquet"
    predictions[predictions["utterance"].isin(utterances)].to_parquet(some)
    return some
