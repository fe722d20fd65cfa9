"""Assumptions from the predictions of two models in an earlier run."""

from dataclasses import replace
from pathlib import Path

from robust_mer.errors import InputError
from robust_mer.files import naming
from robust_mer.forecast.power import Assumptions, from_pilot
from robust_mer.table import read_table

_COLUMNS = ["utterance", "fold", "seed", "condition", "part", "label", "predicted"]


def read_pilot(first: Path, second: Path) -> Assumptions:
    """Assumptions from two ``predictions.parquet`` of one corpus.

    The first seed and condition of both are used. The deviation between seeds stays the assumed
    one, because few pilots have seeds enough to estimate it.

    Raises:
        InputError: they are no predictions of classes, or have no test utterances in common.
    """
    import pandas as pd

    tables = []
    for path in (first, second):
        with naming(path, "a file of predictions of classes"):
            table = pd.read_parquet(path, columns=_COLUMNS)
            table = table[table["part"] == "test"]
            is_first = table["seed"].eq(table["seed"].min())
            is_first &= table["condition"].eq(table["condition"].iloc[0])
            tables.append(table[is_first].drop_duplicates("utterance").set_index("utterance"))
    both = tables[0].index.intersection(tables[1].index)
    if not len(both):
        raise InputError(f"{first} and {second} have no test utterances in common")
    index = first.resolve().parents[4] / "utterances.csv"
    if not index.is_file():
        raise InputError(f"{index} does not exist; --pilot expects files where a run wrote them")
    speakers = read_table(index, ["utterance", "speaker"]).set_index("utterance")["speaker"]
    right = [(one["label"] == one["predicted"])[both].to_numpy() for one in tables]
    label = tables[0]["label"][both].astype(str).to_numpy()
    return replace(
        from_pilot(right[0], right[1], speakers[both].to_numpy(), label),
        seed_sd=Assumptions.seed_sd,
    )
