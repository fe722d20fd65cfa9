"""The clips that a user names: files, a folder of them, or a table."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from robust_mer.corpora.further import problem_of_columns
from robust_mer.corpora.tables import UserTable, read_user_table
from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.media import length_of, open_recording
from robust_mer.jobs import log
from robust_mer.scan.files import list_files

LONGEST = 600.0
"""Seconds of a clip at most. Features of an hour would fill the memory."""

_FILES = ("video", "audio")
_COLUMNS = ["utterance", *_FILES, "text", "region", "start", "end"]


@dataclass(frozen=True)
class ClipRow:
    """A clip, or a part of one, that gets a row of the output."""

    name: str
    files: tuple[str, ...]
    text: str = ""
    region: str = ""
    start: float | None = None
    end: float | None = None
    problem: str = ""
    """Why it cannot be used, as far as its table shows."""

    @property
    def details(self) -> dict[str, Any]:
        """Arguments of `robust_mer.export.clip.open_clip` beside the files."""
        return {key: getattr(self, key) for key in ("text", "region", "start", "end")}

    def key(self) -> list[Any]:
        """All that its answer depends on beside the model: the row, sizes and times of files."""
        states = [path.stat() for path in map(Path, self.files) if path.is_file()]
        return [*asdict(self).values(), *((one.st_size, one.st_mtime_ns) for one in states)]


def find_clips(paths: Sequence[str | Path]) -> list[ClipRow]:
    """The clips in folders on all levels, in a csv, or among files.

    Files whose paths differ in the suffix only, such as ``a.mp4`` and ``a.txt``, are one clip.

    Raises:
        InputError: there is none, or the table lacks a column.
    """
    if not paths:
        raise InputError("no clips are named; expected files, a folder, or a csv")
    first = Path(paths[0])
    if len(paths) == 1 and first.suffix.lower() == ".csv" and not first.is_dir():
        return list(_of_table(first))
    found = [pair for path in paths for pair in _files(Path(path), len(paths) == 1)]
    clips: dict[str, list[Path]] = {}
    for name, path in found:
        clips.setdefault(str(Path(name).with_suffix("")), []).append(path)
    rows = []
    for stem, files in clips.items():
        name = f"{stem}{files[0].suffix}" if len(files) == 1 else stem
        rows.append(ClipRow(name, tuple(map(str, files))))
    return rows


def _files(path: Path, is_only: bool) -> list[tuple[str, Path]]:
    """A file, or those in a folder: names, which begin with the folder if there are others."""
    if not path.is_dir():
        return [(str(path), path)]
    files = [path / name for name, kind in list_files(path) if kind]
    if not files:
        raise InputError(
            f"{path} has no clips; expected recordings such as .wav or .mp4, or texts (.txt), in "
            "it or in its folders"
        )
    return [(file.relative_to(path).as_posix() if is_only else str(file), file) for file in files]


def _of_table(path: Path) -> Iterator[ClipRow]:
    """The rows of a csv with the columns of a manifest."""
    if not path.is_file():
        raise InputError(f"{path} does not exist")
    table = read_user_table(path, optional=_COLUMNS, verbatim=["text"])
    if not {*_FILES, "text"} & set(table.columns):
        raise InputError(
            f"{path}: the heading has none of the columns video, audio and text; it has "
            f"{', '.join(table.columns)}. Expected at least one of them"
        )
    if problem := problem_of_columns(table.columns, _COLUMNS):
        log.warning("%s: %s", path, problem)
    for line, problem in table.unusable:
        yield ClipRow(f"line {line}", (), problem=f"{path}, line {line}: {problem}")
    if not table.rows:
        raise InputError(f"{path} has no rows; expected one for each clip")
    for line, cells in table.rows:
        yield _of_row(table, line, cells)


def _of_row(table: UserTable, line: int, cells: dict[str, str]) -> ClipRow:
    files = tuple(str(table.path.parent / cells[one]) for one in _FILES if cells.get(one))
    files = tuple(dict.fromkeys(files))  # a video is often named as the sound too
    given = cells.get("utterance") or " ".join(cells[one] for one in _FILES if cells.get(one))
    row = ClipRow(
        given or f"line {line}", files, cells.get("text", "").strip(), cells.get("region", "")
    )
    times: dict[str, float] = {}
    for column in ("start", "end"):
        if cell := cells.get(column, ""):
            try:
                times[column] = float(cell.replace(",", "."))
                if not 0 <= times[column] < math.inf:
                    raise ValueError
            except ValueError:
                problem = f"{table.path}, line {line}: {column} is {cell!r}, expected seconds"
                return replace(row, problem=problem)
    return replace(row, start=times.get("start"), end=times.get("end"))


def cut(row: ClipRow, every: float) -> Iterator[ClipRow]:
    """The parts of a recording of ``every`` seconds.

    The last part may be half a length shorter or longer. No part gets the text, because nothing
    says when its words are spoken.
    """
    seconds = None if row.problem else _seconds(row)
    if seconds is None:
        yield row  # it cannot be read: opening it gives the reason
        return
    start = row.start or 0.0
    end = seconds if row.end is None else min(row.end, seconds)
    count = max(1, math.floor((end - start) / every + 0.5))
    files = tuple(path for path in row.files if not path.lower().endswith(".txt"))
    for part in range(count):
        last = end if part == count - 1 else start + (part + 1) * every
        yield replace(row, files=files, text="", start=start + part * every, end=last)


def too_long(row: ClipRow) -> str:
    """Why a clip is too long to be one utterance; "" if it is not."""
    end = row.end if row.end is not None else _seconds(row)
    seconds = (end or 0.0) - (row.start or 0.0)
    if seconds <= LONGEST:
        return ""
    return (
        f"the clip lasts {seconds:.0f} s, expected {LONGEST:.0f} s at most; give start and end, or "
        "use --every to get answers along it"
    )


def _seconds(row: ClipRow) -> float | None:
    """How long its recordings are; None if one cannot be read."""
    lengths = []
    for file in row.files:
        if not file.lower().endswith(".txt"):
            try:
                with open_recording(Path(file)) as container:
                    lengths.append(length_of(container))
            except (UtteranceError, InputError, OSError):
                return None
    return min(filter(None, lengths), default=None)
