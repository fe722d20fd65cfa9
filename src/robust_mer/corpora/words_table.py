"""Word times of one's own corpus: a table ``words.csv`` beside the manifest."""

from functools import partial
from pathlib import Path

import pandas as pd

from robust_mer.corpora.disk import wrong_root
from robust_mer.corpora.words import Word, WordTimes
from robust_mer.errors import UtteranceError
from robust_mer.files import inside
from robust_mer.table import read_table

_NAME = "words.csv"
_COLUMNS = ["utterance", "word", "start", "end"]


def tables(root: Path, settings: dict) -> list[str]:
    """The table."""
    return [str(path)] if (path := _path(root, settings)).is_file() else []


def words(root: Path, settings: dict) -> WordTimes:
    """Words by their rows, in any order.

    Raises:
        InputError: there is no such table, or a column is missing.
    """
    path = _path(root, settings)
    if not path.is_file():
        raise wrong_root(
            path.parent,
            f"no {_NAME}",
            "Put the table there, or leave out aligned_to in the corpus' modalities",
        )
    table = read_table(path, _COLUMNS)
    by_utterance = {name: rows for name, rows in table.groupby("utterance", sort=False)}
    return partial(_read, by_utterance)


def _path(root: Path, settings: dict) -> Path:
    return inside(root, settings["table"]).with_name(_NAME)


def _read(by_utterance: dict[str, pd.DataFrame], row: dict[str, str]) -> list[Word]:
    if row["utterance"] not in by_utterance:
        raise UtteranceError(f"{_NAME} has no words of it")
    found = []
    for line, word in by_utterance[row["utterance"]].iterrows():
        try:
            times = float(word["start"]), float(word["end"])
        except ValueError:
            raise UtteranceError(
                f"{_NAME}, row {line + 2}: start and end are no times in seconds"
            ) from None
        found.append(Word(word["word"].strip(), *times))
    return sorted(found, key=lambda word: word.start)
