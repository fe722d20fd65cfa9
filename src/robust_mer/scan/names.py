"""Patterns of file names: ``{speaker}_{sentence}_{label}_*``."""

import re

from robust_mer.corpora.further import problem_of_columns
from robust_mer.corpora.utterances import COLUMNS
from robust_mer.errors import InputError

FIELDS = ("session", "speaker", "label", "dialogue", "part")
"""Fields that a run understands; others become further columns of the manifest."""
MEASURED = ("audio_seconds", "video_seconds", "sample_rate", "pictures_per_second", "video_sound")
"""Columns that a scan adds."""

_PIECE = re.compile(r"\{(.*?)\}|\*|[^{*]+|\{")
_FIELD = re.compile(r"[a-z][a-z0-9_]*")
_EXAMPLE = '"{speaker}_{sentence}_{label}_*"'


class Pattern:
    """A pattern of names, as a user gives it.

    A field in braces stands for as few characters as the rest of the pattern allows, ``*`` for any
    or none. Where the pattern has slashes, it is compared with as many folders above the file.

    Args:
        pattern: The pattern.

    Raises:
        InputError: a field has no valid name, occurs twice, or is another column's name.
    """

    def __init__(self, pattern: str) -> None:
        self.fields: list[str] = []
        self._depth = pattern.count("/")
        expression = "".join(self._piece(match, pattern) for match in _PIECE.finditer(pattern))
        self._expression = re.compile(expression)
        if not self.fields:
            raise InputError(f"--pattern {pattern!r} has no field in braces, as in {_EXAMPLE}")
        taken = [name for name in (*COLUMNS, *MEASURED) if name not in FIELDS]
        for field in self.fields:
            if field in taken:
                raise InputError(
                    f"--pattern {pattern!r}: {field} is a column that the scan fills in itself; "
                    "give the field another name"
                )
        if problem := problem_of_columns(self.fields, FIELDS):
            raise InputError(f"--pattern {pattern!r}: {problem}")

    def read(self, path: str) -> dict[str, str] | None:
        """The fields of a path without suffix, relative to the corpus; None if it does not fit."""
        parts = path.split("/")
        match = self._expression.fullmatch("/".join(parts[-self._depth - 1 :]))
        return match.groupdict() if match else None

    def _piece(self, match: re.Match[str], pattern: str) -> str:
        piece, field = match[0], match[1]
        if field is None:
            return r"[^/]*" if piece == "*" else re.escape(piece)
        if not _FIELD.fullmatch(field):
            raise InputError(
                f"--pattern {pattern!r}: {{{field}}} is no field; expected lower-case letters, "
                f"digits and _, as in {_EXAMPLE}"
            )
        if field in self.fields:
            raise InputError(f"--pattern {pattern!r}: the field {{{field}}} occurs twice")
        self.fields.append(field)
        return f"(?P<{field}>[^/]+?)"
