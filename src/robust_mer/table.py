"""Reading the tables that stages exchange."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from robust_mer.errors import InputError
from robust_mer.files import naming

if TYPE_CHECKING:
    import pandas as pd

_MOST_COLUMNS = 1000

PARTS = ("train", "validation", "test")


def read_table(path: str | Path, columns: Sequence[str] = ()) -> "pd.DataFrame":
    """Read a table as text; an empty cell is an empty string, never NaN.

    Args:
        path: A csv file.
        columns: Required columns; there may be others.

    Raises:
        InputError: it cannot be read, lacks a column, or has rows that are longer than its heading.
    """
    import pandas as pd

    with naming(path, "a table that can be read"):
        check_width(path)
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if missing := [column for column in columns if column not in table]:
        raise InputError(f"{path} lacks the columns {', '.join(missing)}")
    if not isinstance(table.index, pd.RangeIndex):  # pandas took the first cells for row names
        raise InputError(f"{path} has rows with more cells than its heading")
    return table


def read_numbers(path: str | Path, texts: Sequence[str]) -> "pd.DataFrame":
    """Read a table of numbers with the types that it was written from.

    Args:
        path: A csv file of a stage.
        texts: Columns of names, which stay text: a model may be called ``NA`` or ``001``. An empty
            cell is an empty string there, and NaN elsewhere.
    """
    import pandas as pd

    columns = pd.read_csv(path, nrows=0).columns
    return pd.read_csv(
        path,
        dtype={column: str for column in texts if column in columns},
        keep_default_na=False,
        na_values={column: [""] for column in columns if column not in texts},
    )


def records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """The rows of a table, each by the names of its columns."""
    return cast("list[dict[str, Any]]", table.to_dict("records"))


def groups(
    table: "pd.DataFrame", by: Sequence[str], sort: bool = False
) -> Iterator[tuple[tuple[str, ...], "pd.DataFrame"]]:
    """Yield groups of rows with equal values in columns of text, after these values.

    Args:
        table: The table.
        by: Names of its columns.
        sort: Whether the groups are sorted, rather than in the order of their first rows.
    """
    for key, rows in table.groupby(list(by), sort=sort):
        yield cast("tuple[str, ...]", key), rows


def check_width(path: str | Path) -> None:
    """Refuse a heading or first row of very many commas, which pandas would take minutes to read.

    Raises:
        InputError: the table has more columns than any of a corpus or a stage, or a first row that
            is longer than the heading.
    """
    with Path(path).open(encoding="utf-8", errors="replace", newline="") as file:
        rows = filter(None, csv.reader(file))
        heading, first = next(rows, []), next(rows, [])
    if len(heading) > _MOST_COLUMNS:
        raise InputError(f"{path} has {len(heading)} columns, expected {_MOST_COLUMNS} at most")
    if len(first) > len(heading):
        raise InputError(f"{path} has rows with more cells than its heading")
