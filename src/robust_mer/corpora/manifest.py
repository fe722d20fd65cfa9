"""Reader of one's own corpus: a table of clips."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path

from robust_mer.corpora.disk import is_there, read_lines, wrong_root
from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError
from robust_mer.files import inside

SETTINGS = {
    # the table, in the corpus' root
    "table": "manifest.csv",
    # our label for each of the table's, where those need a map; rows with others are left out.
    "labels": {},
}

_REQUIRED = ["utterance", "session", "speaker", "label"]
_OPTIONAL = ["audio", "video", "region", "start", "end", "text", "part", "dialogue"]


def tables(root: Path, settings: dict) -> list[str]:
    """The tables that the reader reads, as far as they exist: a run can be planned without."""
    path = root / settings["table"]
    return [str(path)] if path.is_file() else []


def read(root: Path, settings: dict) -> Reading:
    """Read a table of clips.

    Its columns are ``utterance, session, speaker, label`` and, as far as the corpus has them,
    ``audio, video, text, region, start, end, part, dialogue``.

    Paths are relative to the table. Where a row has ``start`` and ``end`` in seconds, they cut
    both audio and video.

    Args:
        root: The corpus' folder.
        settings: As ``SETTINGS``.

    Raises:
        InputError: no such table, a column is missing or unknown, or a path leaves the folder.
    """
    path = inside(root, settings["table"])
    if not path.is_file():
        raise wrong_root(
            root, f"no {settings['table']}", "Point the corpus' root at the folder with the table"
        )
    reading = Reading()
    rows = _rows(path, reading)
    columns = next(rows, (1, []))[1]
    _check_columns(columns, path)
    reading.more = [column for column in ("part", "dialogue") if column in columns]
    labels = settings["labels"]
    for line, cells in rows:
        if len(cells) != len(columns):
            reading.skip(path, line, f"has {len(cells)} cells, the heading {len(columns)}")
            continue
        row = dict(zip(columns, cells, strict=True))
        row = {key: cell if key == "text" else cell.strip() for key, cell in row.items()}
        empty = [column for column in _REQUIRED if not row[column]]
        if empty:
            reading.skip(path, line, f"{empty[0]} is empty")
            continue
        if labels and row["label"] not in labels:
            reading.skip(path, line, f"{row['utterance']} has the unknown label {row['label']!r}")
            continue
        row["label"] = labels.get(row["label"], row["label"])
        for column in ("audio", "video"):
            if row.get(column) and not is_there(inside(root, row[column])):
                reading.note(path, line, f"{column} file {row[column]} is missing")
                row[column] = ""
        if not _is_time(row.get("start", ""), row.get("end", "")):
            reading.skip(path, line, f"start and end of {row['utterance']} are no times in seconds")
            continue
        row["audio_is_cut"] = "0" if row.get("start") else "1"
        reading.add(row, path, line)
    return reading


def _rows(path: Path, reading: Reading) -> Iterator[tuple[int, list[str]]]:
    """Cells of the rows that are not blank, with their first lines: a text may go over several."""
    # strict: a quote that is never closed would swallow the rows behind it
    rows = csv.reader((line + "\n" for line in read_lines(path, reading)), strict=True)
    line = 1
    try:
        for cells in rows:
            if cells:
                yield line, cells
            line = rows.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}: the row of line {line} is no csv: {error}") from error


def _check_columns(columns: list[str], path: Path) -> None:
    missing = [column for column in _REQUIRED if column not in columns]
    unknown = [column for column in columns if column not in _REQUIRED + _OPTIONAL]
    if missing or unknown or len(set(columns)) < len(columns):
        raise InputError(
            f"{path}: missing columns {missing}, unknown columns {unknown}; expected, once each, "
            f"{', '.join(_REQUIRED)} and optionally {', '.join(_OPTIONAL)}"
        )


def _is_time(start: str, end: str) -> bool:
    if not start and not end:
        return True
    try:
        return 0 <= float(start) < float(end) < math.inf
    except ValueError:
        return False
