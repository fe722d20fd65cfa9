"""What every reader returns, and how it becomes ``utterances.csv``."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from robust_mer.encodings import correct
from robust_mer.errors import InputError
from robust_mer.names import name_key

if TYPE_CHECKING:
    import pandas as pd

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

# No names; a disk tells spellings of a path apart.
_AS_THEY_ARE = {"audio", "video", "alignment", "region", "start", "end"}

# C0 and C1, Unicode's ends of lines, halves of characters, and what numpy holds beyond Unicode: all
# characters but these.
_SOUND = r"\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\U0010ffff"
_CONTROL, _CONTROL_IN_TEXT = re.compile(f"[^{_SOUND}]"), re.compile(rf"[^\t\n{_SOUND}]")


def _printable(text: str) -> str:
    """A text that a table can hold: without control characters and halves of characters."""
    return _CONTROL.sub("?", text)


LEFT_OUT = "; left out"
"""How a problem ends that cost an utterance."""


@dataclass
class Reading:
    """The utterances of a corpus, and the problems that its reader met."""

    rows: list[dict[str, str]] = field(default_factory=list)
    """A dict an utterance with the keys of ``COLUMNS``, of which all but ``utterance``,
    ``session``, ``speaker`` and ``label`` may be missing, and with those of ``more``. Paths are
    relative to the corpus' root, ``start`` and ``end`` in seconds or empty. ``audio_is_cut`` is "1"
    where the audio file is the utterance, "0" where start and end apply to it."""
    problems: list[tuple[str, int, str]] = field(default_factory=list)
    """What was skipped or odd: (file, line or 0, problem)."""
    more: list[str] = field(default_factory=list)
    """Further columns of the corpus, e.g. ``part``, ``dialogue`` or ``script``. Keys of ``rows``
    that neither ``COLUMNS`` nor ``more`` names stay out of the table."""
    origins: dict[str, tuple[str, int]] = field(default_factory=dict)
    """By utterance of ``rows``, the (file, line or 0) that it was read from."""
    spellings: dict[tuple[str, str], str] = field(default_factory=dict)
    """The first spelling of a name, by its column and `robust_mer.names.name_key`."""
    respelled: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    """(file, line or 0) of the first other spelling of a name, by its column and first spelling."""
    corrected: list[str] = field(default_factory=list)
    """Utterances with a corrected text, see `robust_mer.encodings.correct`."""

    def note(self, file: str | Path, line: int, what: str) -> None:
        """Note something odd in ``file`` that costs no utterance."""
        self.problems.append((_printable(str(file)), line, _printable(what)))

    def skip(self, file: str | Path, line: int, what: str) -> None:
        """Note something in ``file`` that costs an utterance."""
        self.note(file, line, f"{what}{LEFT_OUT}")

    @property
    def lost(self) -> int:
        """How many utterances were left out because of a problem."""
        return sum(problem.endswith(LEFT_OUT) for _, _, problem in self.problems)

    def add(self, row: dict[str, str], file: str | Path, line: int) -> None:
        """Add an utterance that was read in ``file``.

        A name has its first spelling throughout, see `robust_mer.names.name_key`. The second
        utterance of a name is skipped, and one with a control character in a name or a path, which
        a table or a line of a log cannot hold as it is. In a text and in a further column, a blank
        takes its place. A text has its accents as one character (NFC), as word vectors do.
        """
        text = row.get("text", "")
        row = {column: value.strip() for column, value in row.items()}
        row["text"] = unicodedata.normalize("NFC", _CONTROL_IN_TEXT.sub(" ", correct(text)))
        for column in row.keys() - {"text"}:
            if column in self.more and column != "dialogue":
                row[column] = _CONTROL.sub(" ", row[column])
        for column, value in row.items():
            if column == "text":
                continue
            if _CONTROL.search(value):
                self.skip(file, line, f"{column} {value[:80]!r} has a control character")
                return
            if column not in _AS_THEY_ARE:
                row[column] = self._spelled(column, value, file, line)
        utterance = row["utterance"]
        if not utterance:
            self.skip(file, line, "an utterance has no name")
            return
        if utterance in self.origins:
            first_file, first_line = self.origins[utterance]
            place = f"line {first_line}" if first_file == str(file) else first_file
            self.skip(file, line, f"{utterance} is there already ({place})")
            return
        if correct(text) != text:
            self.corrected.append(utterance)
        self.origins[utterance] = (str(file), line)
        self.rows.append(row)

    def _spelled(self, column: str, name: str, file: str | Path, line: int) -> str:
        """The first spelling of a name."""
        spelling = self.spellings.setdefault((column, name_key(name)), name)
        if spelling != name:
            self.respelled.setdefault((column, spelling), (str(file), line))
        return spelling

    def table(self) -> "pd.DataFrame":
        """The utterances in order of session and name.

        Raises:
            InputError: there are none, or two have one name.
        """
        import pandas as pd

        if not self.rows:
            first = "; ".join(f"{file}:{line} {what}" for file, line, what in self.problems[:3])
            raise InputError(f"the corpus has no usable utterance. {first}")
        twice = [name for name, n in Counter(r["utterance"] for r in self.rows).items() if n > 1]
        if twice:
            raise InputError(
                f"utterance names must be unique; occurring twice: {len(twice)}, the first: "
                f"{twice[0]!r}"
            )
        columns = COLUMNS + self.more
        rows = [[row.get(column, "") for column in columns] for row in self.rows]
        table = pd.DataFrame(rows, columns=columns, dtype=str)
        return table.sort_values(["session", "utterance"], kind="stable", ignore_index=True)
