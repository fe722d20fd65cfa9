"""Tables as they were printed in Markdown, read back to be shown elsewhere."""

import re
from pathlib import Path

from robust_mer.report.table import Line, Table
from robust_mer.report.words.text import unescape_markdown


def read_markdown(path: str | Path) -> list[Table]:
    """Read a file that this package wrote: tables, each with its caption above, notes below."""
    parts: list[list[str]] = []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith("**") or not parts:
            parts.append([])
        parts[-1].append(line)
    return [_table(lines) for lines in parts]


def _table(lines: list[str]) -> Table:
    caption = unescape_markdown(lines[0][2:-2])
    table = [_cells(line) for line in lines if line.startswith("|")]
    notes = [unescape_markdown(line[2:]) for line in lines if line.startswith("- ")]
    body = [Line(cells) for cells in table[2:]]
    return Table(caption, table[0], [], [body], notes)


def _cells(line: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", line)[1:-1]
    return [unescape_markdown(cell.strip()) for cell in cells]
