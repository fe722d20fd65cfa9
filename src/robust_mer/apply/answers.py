"""Tables of answers: csv, json and parquet."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from robust_mer.errors import InputError
from robust_mer.files import whole

if TYPE_CHECKING:
    import pandas as pd

_SUFFIXES = (".csv", ".json", ".parquet")
_REASON = "reason"
SEPARATOR = "|"
"""Between the classes of a set."""


def check_suffix(path: Path) -> None:
    """Refuse an output of an unknown format before any work is done.

    Raises:
        InputError: its suffix is none of csv, json and parquet.
    """
    if path.is_dir() or path.suffix.lower() not in _SUFFIXES:
        raise InputError(f"--out is {path}, expected a file that ends in {', '.join(_SUFFIXES)}")


def write_answers(path: Path, answers: Callable[[], Iterator[dict[str, Any]]]) -> None:
    """Write the table in the format of its suffix, whole or not at all."""
    with whole(path) as unfinished:
        if path.suffix.lower() == ".parquet":
            read_answers(answers).to_parquet(unfinished, index=False)
            return
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            (write_json if path.suffix.lower() == ".json" else write_csv)(file, answers)


def write_csv(file: IO[str], answers: Callable[[], Iterator[dict[str, Any]]]) -> None:
    """Write the table as csv, a row for each clip."""
    writer = csv.DictWriter(file, columns_of(answers), lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(map(flat, answers()))


def write_json(file: IO[str], answers: Callable[[], Iterator[dict[str, Any]]]) -> None:
    """Write a list with an object for each clip, with all that the model met of it."""
    mark = "[\n"
    for answer in answers():
        file.write(mark + json.dumps(answer, ensure_ascii=False))
        mark = ",\n"
    file.write("\n]\n")


def read_answers(answers: Callable[[], Iterator[dict[str, Any]]]) -> "pd.DataFrame":
    """The table in memory."""
    import pandas as pd

    return pd.DataFrame(map(flat, answers()), columns=columns_of(answers))


def flat(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer as a row: probabilities, the set and frames of each modality in columns."""
    row = {key: value for key, value in answer.items() if not isinstance(value, dict)}
    for name, value in sorted(answer.get("probabilities", {}).items()):
        row[f"probability_{name}"] = value
    if "set" in answer:
        row["set"] = SEPARATOR.join(answer["set"]["classes"])
        row["set_coverage"] = answer["set"]["coverage"]
        row["set_note"] = answer["set"]["note"]
    row |= answer.get("figures", {})
    for modality, seen in answer.get("modalities", {}).items():
        row[f"{modality}_frames"] = seen["frames"]
        row[f"{modality}_note"] = seen["note"]
        if modality == "audio":
            row["audio_snr_db"] = seen["snr_db"]
    return {_REASON: "", **row}


def columns_of(answers: Callable[[], Iterator[dict[str, Any]]]) -> list[str]:
    """The columns of the table; the reason is the last one."""
    columns = dict.fromkeys(["clip", "start", "end"])
    for answer in answers():
        columns.update(dict.fromkeys(flat(answer)))
    columns.pop(_REASON, None)
    return [*columns, _REASON]
