"""The last line of a table that people read: what it was made from.

It tells of the code and of the data, and is no part of either: like records, it reruns nothing.
"""

from collections.abc import Iterable
from pathlib import Path

from robust_mer.evaluation.tables import escape_markdown
from robust_mer.files import whole


def sign_tables(paths: Iterable[str | Path], origin: str) -> None:
    """Put ``origin`` below every table in Markdown, and into every one in LaTeX as a comment.

    Tables for programs (csv) stay as they are.

    Args:
        paths: What a job wrote.
        origin: From `robust_mer.provenance.origin.origin`.
    """
    feet = {
        ".md": f"\n*Made from: {escape_markdown(origin)}*\n",
        ".tex": f"% made from: {origin}\n",
    }
    for path in map(Path, paths):
        if path.suffix in feet:
            text = path.read_text(encoding="utf-8") + feet[path.suffix]
            with whole(path) as unfinished:
                unfinished.write_text(text, encoding="utf-8")
