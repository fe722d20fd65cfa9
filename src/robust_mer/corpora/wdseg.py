"""Word alignments of IEMOCAP: ``ForcedAlignment/{dialogue}/{utterance}.wdseg``.

Rows ``SFrm EFrm SegAScr Word``: first and last frame of 10 ms, a score, and the word, followed by
``(2)`` where the alignment chose the second of its pronunciations.
"""

import re

from robust_mer.corpora.reader import Word
from robust_mer.errors import UtteranceError

_FRAME = 0.01  # seconds
_SILENCE = {"<s>", "</s>", "<sil>"}
_PRONUNCIATION = re.compile(r"\(\d+\)$")


def parse_wdseg(text: str, name: str) -> list[Word]:
    """Words of an alignment without silences.

    Args:
        text: The file's content.
        name: The file's name, for messages.

    Raises:
        UtteranceError: it is no such file, or it is cut off.
    """
    lines = text.splitlines()
    if not lines or lines[0].split() != ["SFrm", "EFrm", "SegAScr", "Word"]:
        raise UtteranceError(f"{name} does not begin with SFrm EFrm SegAScr Word")
    words = []
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
            words.append(Word(_PRONUNCIATION.sub("", word), start, end))
    return words
