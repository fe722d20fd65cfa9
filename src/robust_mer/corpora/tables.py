"""Tables that users write, as spreadsheets save them: one reader for every csv of a corpus.

Every cell is text: nothing guesses a type. What was assumed of a table is a remark with its line.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from robust_mer.encodings import decode
from robust_mer.errors import InputError
from robust_mer.mistaken import mistaken_for
from robust_mer.names import name_key

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_MOST_COLUMNS = 1000

UserRow = tuple[int, dict[str, str]]
"""Line of a row, and its cells by column."""


@dataclass
class UserTable:
    """A table of a user."""

    path: Path
    columns: list[str]
    separator: str = ","
    rows: list[UserRow] = field(default_factory=list)
    """Blank rows are left out. Cells have no blanks around them."""
    remarks: list[tuple[int, str]] = field(default_factory=list)
    """What was assumed: (line, remark)."""
    unusable: list[tuple[int, str]] = field(default_factory=list)
    """Rows that are left out: (line, why)."""


def read_user_table(
    path: Path,
    required: Sequence[str] = (),
    encoding: str = "",
    optional: Sequence[str] = (),
    verbatim: Sequence[str] = (),
) -> UserTable:
    """Read a csv of a user.

    Commas, semicolons, tabs or vertical bars separate cells, as the heading shows. Headings may
    differ from ``required`` and ``optional`` in case and in blanks.

    Args:
        path: The file.
        required: Columns that it must have.
        encoding: As the user named it; see `robust_mer.encodings.decode`.
        optional: Columns that it may have, beside any others.
        verbatim: Columns whose cells keep the blanks around them.

    Raises:
        InputError: it is no table, its encoding is unknown, a column is missing, stands there
            twice or has no name.
    """
    if mistake := mistaken_for(path):
        raise InputError(f"{path} is not a csv: {mistake}")
    text, remarks = decode(path.read_bytes(), path, encoding)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    known = {name_key(name).casefold(): name for name in (*optional, *required)}
    separator, skipped = _separator(text, known)
    if separator != ",":
        remarks = [*remarks, (1 + skipped, f"cells are separated by {_SEPARATORS[separator]}")]
    rows = _rows(path, text, separator)
    for _ in range(skipped):
        next(rows)
    line, heading = next(rows, (1, []))
    columns = [known.get(name.casefold(), name) for name in map(name_key, heading)]
    _check_heading(path, line, columns, required)
    table = UserTable(path, columns, separator, remarks=remarks)
    for line, cells in rows:
        while len(cells) > len(columns) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(columns):
            counts = f"has {len(cells)} cells, the heading {len(columns)}"
            table.unusable.append((line, counts))
            continue
        row = zip(columns, cells, strict=True)
        table.rows.append(
            (line, {key: cell if key in verbatim else cell.strip() for key, cell in row})
        )
    return table


def _separator(text: str, known: dict[str, str]) -> tuple[str, int]:
    """What separates cells, and how many lines before the heading say so (Excel's ``sep=;``)."""
    lines = islice((line for line in io.StringIO(text) if line.strip()), 2)
    first = next(lines, "").strip()
    if first.lower().startswith("sep=") and first[4:] in _SEPARATORS:
        return first[4:], 1

    def fitness(separator: str) -> tuple[int, int]:
        cells = next(csv.reader([first], delimiter=separator), [])
        return sum(name_key(cell).casefold() in known for cell in cells), len(cells)

    return max(_SEPARATORS, key=fitness), 0


def _rows(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Cells of the rows that are not blank, with their first lines: a cell may go over several."""
    # strict: a quote that is never closed would swallow the rows after it
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = rows.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{path}, line {line}: not a valid csv row: {error}. Put a cell with a quote or a line "
            'break in double quotes, and write a quote in it as ""'
        ) from error


def _check_heading(path: Path, line: int, columns: list[str], required: Sequence[str]) -> None:
    place = f"{path}, line {line}"
    if not columns:
        raise InputError(f"{path} has no rows; expected a heading with {', '.join(required)}")
    if len(columns) > _MOST_COLUMNS:
        raise InputError(f"{path} has {len(columns)} columns, expected {_MOST_COLUMNS} at most")
    if twice := [name for name, count in Counter(columns).items() if name and count > 1]:
        raise InputError(
            f"{place}: the heading names the column {', '.join(twice)} more than once; rename or "
            "remove one of them"
        )
    if nameless := [str(number) for number, name in enumerate(columns, start=1) if not name]:
        is_one = len(nameless) == 1
        raise InputError(
            f"{place}: the column{'s' * (not is_one)} {', '.join(nameless)} "
            f"{'has' if is_one else 'have'} no name in the heading; name or remove "
            f"{'it' if is_one else 'them'}"
        )
    if missing := [name for name in required if name not in columns]:
        raise InputError(
            f"{place}: the heading lacks the columns {', '.join(missing)}; it has "
            f"{', '.join(columns)}. Expected {', '.join(required)}, separated by commas, "
            "semicolons or tabs"
        )
