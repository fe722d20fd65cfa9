"""What every reader returns, and how it becomes ``utterances.csv``."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from robust_mer.errors import InputError

COLUMNS = [
    "utterance",
    "session",
    "speaker",
    "label",
    "audio",
    "video",
    "region",
    "start",
    "end",
    "text",
    "audio_is_cut",
]


@dataclass
class Reading:
    """What a reader found.

    Attributes:
        rows: A dict per utterance with the keys of ``COLUMNS``; paths relative to the corpus'
            root, ``start`` and ``end`` in seconds or empty, ``audio_is_cut`` "1" where the audio
            file is the utterance and "0" where start and end apply to it.
        problems: What was skipped or odd: (file, line or 0, what).
        more: Further columns that the reader adds, e.g. ``part``.
    """

    rows: list[dict] = field(default_factory=list)
    problems: list[tuple[str, int, str]] = field(default_factory=list)
    more: list[str] = field(default_factory=list)

    def skip(self, file: str | Path, line: int, what: str) -> None:
        """Note that something in ``file`` was left out."""
        self.problems.append((str(file), line, what))

    def table(self) -> pd.DataFrame:
        """The utterances in order of session and name.

        Raises:
            InputError: there are none, or two have one name.
        """
        if not self.rows:
            told = "; ".join(f"{file}:{line} {what}" for file, line, what in self.problems[:3])
            raise InputError(f"the corpus has no usable utterance. {told}")
        twice = [name for name, n in Counter(r["utterance"] for r in self.rows).items() if n > 1]
        if twice:
            raise InputError(f"{len(twice)} utterance names occur twice, the first: {twice[0]!r}")
        columns = COLUMNS + self.more
        rows = [[row.get(column, "") for column in columns] for row in self.rows]
        table = pd.DataFrame(rows, columns=columns, dtype=str)
        return table.sort_values(["session", "utterance"], kind="stable", ignore_index=True)
