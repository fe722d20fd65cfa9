"""Reader of one's own corpus: a table of clips."""

import csv
import math
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from robust_mer.corpora.disk import existing, is_there, read_lines, required_file
from robust_mer.corpora.reader import Word, WordReader, WordTimes
from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError, UtteranceError
from robust_mer.files import inside
from robust_mer.settings import Settings
from robust_mer.table import read_table

if TYPE_CHECKING:
    import pandas as pd

_REQUIRED = ["utterance", "session", "speaker", "label"]
_OPTIONAL = ["audio", "video", "region", "start", "end", "text", "part", "dialogue"]
_WORDS = "words.csv"
_WORD_COLUMNS = ["utterance", "word", "start", "end"]


class ManifestSettings(Settings):
    """Settings of `Manifest`."""

    table: str = "manifest.csv"
    """The table, in the corpus' root."""
    labels: dict[str, str] = Field(default={})
    """Our label for each of the table's, where those need a map. Rows with others are left out."""


class Manifest(WordReader):
    """A table of clips, and ``words.csv`` beside it.

    The columns of the table are ``utterance, session, speaker, label`` and, as far as the corpus
    has them, ``audio, video, text, region, start, end, part, dialogue``. Paths are relative to the
    corpus' root. Where a row has ``start`` and ``end`` in seconds, they cut both audio and video.
    """

    settings_class = ManifestSettings
    settings: ManifestSettings

    def tables(self) -> list[Path]:
        """The table of clips."""
        return existing([self.root / self.settings.table])

    def read(self) -> Reading:
        """See `Reader`.

        Raises:
            InputError: no such table, a column is missing or unknown, or a path leaves the folder.
        """
        advice = "Point the corpus' root at the folder with the table"
        path = required_file(self.root, self.settings.table, advice)
        reading = Reading()
        rows = _rows(path, reading)
        columns = next(rows, (1, []))[1]
        _check_columns(columns, path)
        reading.more = [column for column in ("part", "dialogue") if column in columns]
        for line, cells in rows:
            if len(cells) != len(columns):
                reading.skip(path, line, f"has {len(cells)} cells, the heading {len(columns)}")
                continue
            row = dict(zip(columns, cells, strict=True))
            row = {key: cell if key == "text" else cell.strip() for key, cell in row.items()}
            self._add(row, path, line, reading)
        return reading

    def word_tables(self) -> list[Path]:
        """The table of words."""
        return existing([self._word_table()])

    def words(self) -> WordTimes:
        """Words by their rows, in any order.

        Raises:
            InputError: there is no such table, or a column is missing.
        """
        path = self._word_table()
        advice = "Put the table there, or leave out aligned_to in the corpus' modalities"
        table = read_table(required_file(path.parent, _WORDS, advice), _WORD_COLUMNS)
        by_utterance = {str(name): rows for name, rows in table.groupby("utterance", sort=False)}
        return partial(_words_of, by_utterance)

    def _word_table(self) -> Path:
        return inside(self.root, self.settings.table).with_name(_WORDS)

    def _add(self, row: dict[str, str], path: Path, line: int, reading: Reading) -> None:
        """Add a row of the table, or note why it cannot be used."""
        labels = self.settings.labels
        empty = [column for column in _REQUIRED if not row[column]]
        if empty:
            reading.skip(path, line, f"{empty[0]} is empty")
            return
        if labels and row["label"] not in labels:
            reading.skip(path, line, f"{row['utterance']} has the unknown label {row['label']!r}")
            return
        row["label"] = labels.get(row["label"], row["label"])
        for column in ("audio", "video"):
            if row.get(column) and not is_there(inside(self.root, row[column])):
                reading.note(path, line, f"{column} file {row[column]} is missing")
                row[column] = ""
        if not _is_time(row.get("start", ""), row.get("end", "")):
            reading.skip(path, line, f"start and end of {row['utterance']} are no times in seconds")
            return
        row["audio_is_cut"] = "0" if row.get("start") else "1"
        reading.add(row, path, line)


def _words_of(by_utterance: dict[str, "pd.DataFrame"], row: Mapping[str, str]) -> list[Word]:
    if row["utterance"] not in by_utterance:
        raise UtteranceError(f"{_WORDS} has no words of it")
    words = []
    for line, word in by_utterance[row["utterance"]].iterrows():
        try:
            start, end = float(word["start"]), float(word["end"])
        except ValueError:
            raise UtteranceError(
                f"{_WORDS}, row {int(str(line)) + 2}: start and end are no times in seconds"
            ) from None
        words.append(Word(word["word"].strip(), start, end))
    return sorted(words, key=lambda word: word.start)


def _rows(path: Path, reading: Reading) -> Iterator[tuple[int, list[str]]]:
    """Cells of the rows that are not blank, with their first lines: a text may go over several."""
    # strict: a quote that is never closed would swallow the rows after it
    rows = csv.reader((line + "\n" for line in read_lines(path, reading)), strict=True)
    line = 1
    try:
        for cells in rows:
            if cells:
                yield line, cells
            line = rows.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}, line {line}: not a valid csv row: {error}") from error


def _check_columns(columns: list[str], path: Path) -> None:
    missing = [column for column in _REQUIRED if column not in columns]
    unknown = [column for column in columns if column not in _REQUIRED + _OPTIONAL]
    if missing or unknown or len(set(columns)) < len(columns):
        raise InputError(
            f"{path}: missing columns {missing}, unknown columns {unknown}; expected, once each, "
            f"{', '.join(_REQUIRED)} and optionally {', '.join(_OPTIONAL)}"
        )


def _is_time(start: str, end: str) -> bool:
    if not start and not end:
        return True
    try:
        return 0 <= float(start) < float(end) < math.inf
    except ValueError:
        return False
