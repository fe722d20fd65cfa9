"""Reader of one's own corpus: a table of clips."""

import math
from pathlib import Path

import pandas as pd

from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError
from robust_mer.files import inside

SETTINGS = {
    # the table, in the corpus' root
    "table": "manifest.csv",
}

_REQUIRED = ["utterance", "session", "speaker", "label"]
_OPTIONAL = ["audio", "video", "region", "start", "end", "text", "part"]


def tables(root: Path, settings: dict) -> list[str]:
    """The tables that the reader reads, as far as they exist: a run can be planned without."""
    path = root / settings["table"]
    return [str(path)] if path.is_file() else []


def read(root: Path, settings: dict) -> Reading:
    """Read a table with the columns ``utterance, session, speaker, label`` and, as far as the
    corpus has them, ``audio, video, text, region, start, end, part``.

    Paths are relative to the table. Where a row has ``start`` and ``end`` in seconds, they cut
    both audio and video.

    Args:
        root: The corpus' folder.
        settings: As ``SETTINGS``.

    Raises:
        InputError: no such table, a column is missing or unknown, or a path leaves the folder.
    """
    path = root / settings["table"]
    if not path.is_file():
        raise InputError(f"there is no table {path}")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 csv: {error}") from error
    missing = [column for column in _REQUIRED if column not in table]
    unknown = [column for column in table if column not in _REQUIRED + _OPTIONAL]
    if missing or unknown:
        raise InputError(
            f"{path}: missing columns {missing}, unknown columns {unknown}; expected "
            f"{', '.join(_REQUIRED)} and optionally {', '.join(_OPTIONAL)}"
        )
    reading = Reading(more=["part"] if "part" in table else [])
    for line, row in enumerate(table.to_dict("records"), start=2):
        row = {key: cell if key == "text" else cell.strip() for key, cell in row.items()}
        empty = [column for column in _REQUIRED if not row[column]]
        if empty:
            reading.skip(path, line, f"{empty[0]} is empty; the row is left out")
            continue
        for column in ("audio", "video"):
            if row.get(column) and not inside(root, row[column]).is_file():
                reading.skip(path, line, f"{column} file {row[column]} is missing")
                row[column] = ""
        if not _is_time(row.get("start", ""), row.get("end", "")):
            reading.skip(path, line, "start and end are not times in seconds; the row is left out")
            continue
        row["audio_is_cut"] = "0" if row.get("start") else "1"
        reading.rows.append(row)
    return reading


def _is_time(start: str, end: str) -> bool:
    if not start and not end:
        return True
    try:
        return 0 <= float(start) < float(end) < math.inf
    except ValueError:
        return False
