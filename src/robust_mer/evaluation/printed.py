"""Tables as they were printed in Markdown, read back to be shown elsewhere."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Printed:
    """A table of text."""

    caption: str
    heads: list[str]
    rows: list[list[str]]
    notes: list[str]


def read_markdown(path: str | Path) -> Printed:
    """Read a file that this package wrote: a bold caption, one table, a list of notes."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    caption = next((_plain(line[2:-2]) for line in lines if line.startswith("**")), "")
    table = [_cells(line) for line in lines if line.startswith("|")]
    notes = [_plain(line[2:]) for line in lines if line.startswith("- ")]
    return Printed(caption, table[0], table[2:], notes)


def _cells(line: str) -> list[str]:
    return [_plain(cell.strip()) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def _plain(text: str) -> str:
    """A text without the backslashes of `robust_mer.evaluation.tables.escape_markdown`."""
    return re.sub(r"\\([\\|*<`])", r"\1", text)
