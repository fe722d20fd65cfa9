"""Word times of IEMOCAP: its forced alignments, ``ForcedAlignment/{dialogue}/{utterance}.wdseg``.

Rows ``SFrm EFrm SegAScr Word``: first and last frame of 10 ms, a score, and the word, with ``(2)``
behind it where the second of its pronunciations was found.
"""

import re
from functools import partial
from pathlib import Path

from robust_mer.corpora.words import Word, WordTimes
from robust_mer.errors import UtteranceError
from robust_mer.files import inside

_FRAME = 0.01  # seconds
_SILENCE = {"<s>", "</s>", "<sil>"}
_PRONUNCIATION = re.compile(r"\(\d+\)$")


def tables(root: Path, settings: dict) -> list[str]:
    """None: the alignments of the release are not watched, as little as its recordings."""
    return []


def words(root: Path, settings: dict) -> WordTimes:
    """Words by the files that the index names in its column ``alignment``."""
    return partial(_read, root)


def _read(root: Path, row: dict[str, str]) -> list[Word]:
    if not row["alignment"]:
        raise UtteranceError("no wdseg file")
    path = inside(root, row["alignment"])
    if not path.is_file():
        raise UtteranceError(f"{path.name} is missing")
    return parse_wdseg(path.read_text(encoding="utf-8", errors="replace"), path.name)


def parse_wdseg(text: str, name: str) -> list[Word]:
    """Words of an alignment without silences.

    Args:
        text: The file's content.
        name: The file's, for messages.

    Raises:
        UtteranceError: it is no such file, or it is cut off.
    """
    lines = text.splitlines()
    if not lines or lines[0].split() != ["SFrm", "EFrm", "SegAScr", "Word"]:
        raise UtteranceError(f"{name} does not begin with SFrm EFrm SegAScr Word")
    found = []
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split()
        if not cells or cells[0] == "Total":  # "Total score: ..." ends the file
            continue
        try:
            first, last, _, word = cells
            start, end = int(first) * _FRAME, (int(last) + 1) * _FRAME
        except (ValueError, OverflowError):
            raise UtteranceError(f"{name}, line {number} not understood: {line[:80]!r}") from None
        if word not in _SILENCE:
            found.append(Word(_PRONUNCIATION.sub("", word), start, end))
    return found
