"""Tables as they were printed in Markdown, read back to be shown elsewhere."""

import re
from pathlib import Path

from robust_mer.report.table import Line, Table
from robust_mer.report.words.text import unescape_markdown


def read_markdown(path: str | Path) -> Table:
    """Read a file that this package wrote: a bold caption, one table, a list of notes."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    captions = (unescape_markdown(line[2:-2]) for line in lines if line.startswith("**"))
    table = [_cells(line) for line in lines if line.startswith("|")]
    notes = [unescape_markdown(line[2:]) for line in lines if line.startswith("- ")]
    body = [Line(cells) for cells in table[2:]]
    return Table(next(captions, ""), table[0], [], [body], notes)


def _cells(line: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", line)[1:-1]
    return [unescape_markdown(cell.strip()) for cell in cells]
