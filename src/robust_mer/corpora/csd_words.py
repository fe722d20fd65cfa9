"""Word times of CMU-MOSEI: ``CMU_MOSEI_TimestampedWords.csd``."""

from functools import partial
from pathlib import Path

from robust_mer.corpora.csd import Sequence, words_during
from robust_mer.corpora.disk import wrong_root
from robust_mer.corpora.words import Word, WordTimes
from robust_mer.errors import UtteranceError
from robust_mer.files import inside


def tables(root: Path, settings: dict) -> list[str]:
    """The sequence of words."""
    path = root / settings["words"]
    return [str(path)] if path.is_file() else []


def words(root: Path, settings: dict) -> WordTimes:
    """Words by video and times of the index, without pauses.

    Raises:
        InputError: there is no sequence of words.
    """
    path = inside(root, settings["words"])
    if not path.is_file():
        raise wrong_root(
            root,
            f"no {settings['words']}",
            "Put the file there, or leave out aligned_to in the corpus' modalities",
        )
    return partial(_read, Sequence(path))


def _read(sequence: Sequence, row: dict[str, str]) -> list[Word]:
    video, begin, end = row["dialogue"], float(row["start"]), float(row["end"])
    if video not in sequence:
        raise UtteranceError(f"{sequence.file.name} has no such video")
    intervals = sequence.intervals(video)
    return [
        # a word across the border of two segments counts with both, each with its part
        Word(word, max(intervals[place][0], begin) - begin, min(intervals[place][1], end) - begin)
        for place, word in words_during(sequence, video, begin, end)
    ]
