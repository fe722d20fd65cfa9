"""What every reader returns, and how it becomes ``utterances.csv``."""

import re
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

# C0 and C1, Unicode's ends of lines, halves of characters, and what numpy holds beyond Unicode: all
# but what stands here.
_SOUND = r"\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\U0010ffff"
_CONTROL, _CONTROL_IN_TEXT = re.compile(f"[^{_SOUND}]"), re.compile(rf"[^\t\n{_SOUND}]")


@dataclass
class Reading:
    """What a reader found.

    Attributes:
        rows: A dict per utterance with the keys of ``COLUMNS``; paths relative to the corpus'
            root, ``start`` and ``end`` in seconds or empty, ``audio_is_cut`` "1" where the audio
            file is the utterance and "0" where start and end apply to it.
        problems: What was skipped or odd: (file, line or 0, what).
        more: Further columns that the reader adds, e.g. ``part`` or ``dialogue``.
        lost: How many utterances a problem cost.
        origins: Where an utterance of ``rows`` was read: (file, line or 0).
    """

    rows: list[dict] = field(default_factory=list)
    problems: list[tuple[str, int, str]] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    lost: int = 0
    origins: dict[str, tuple[str, int]] = field(default_factory=dict)

    def note(self, file: str | Path, line: int, what: str) -> None:
        """Note something odd in ``file`` that costs no utterance."""
        self.problems.append((str(file), line, what))

    def skip(self, file: str | Path, line: int, what: str) -> None:
        """Note something in ``file`` that costs an utterance."""
        self.note(file, line, f"{what}; left out")
        self.lost += 1

    def add(self, row: dict, file: str | Path, line: int) -> None:
        """Add an utterance that was read in ``file``.

        The second one of a name is skipped, and one with a control character in a name or a path,
        which a table or a line of a log cannot hold as it is. In a text, a blank takes its place.
        """
        utterance = row["utterance"]
        row = {**row, "text": _CONTROL_IN_TEXT.sub(" ", row.get("text", ""))}
        for column, value in row.items():
            if column != "text" and _CONTROL.search(value):
                self.skip(file, line, f"{column} {value[:80]!r} has a control character")
                return
        if utterance in self.origins:
            first_file, first_line = self.origins[utterance]
            where = f"line {first_line}" if first_file == str(file) else first_file
            self.skip(file, line, f"{utterance} is there already ({where})")
            return
        self.origins[utterance] = (str(file), line)
        self.rows.append(row)

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
