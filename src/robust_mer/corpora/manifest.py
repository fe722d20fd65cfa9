"""Reader of a user's own corpus: a table of clips."""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property, partial
from pathlib import Path

from pydantic import Field

from robust_mer.corpora.disk import Recordings, existing, is_there, required_file
from robust_mer.corpora.feature_files import part_if_known
from robust_mer.corpora.further import problem_of_columns
from robust_mer.corpora.labels import LabelMap, our_label
from robust_mer.corpora.reader import Word, WordReader, WordTimes
from robust_mer.corpora.tables import UserRow, UserTable, read_user_table
from robust_mer.corpora.utterances import COLUMNS, Reading
from robust_mer.encodings import Encoding
from robust_mer.errors import InputError, UtteranceError
from robust_mer.files import inside
from robust_mer.names import name_key
from robust_mer.settings import Settings

_REQUIRED = ["utterance", "session", "speaker"]
_LABEL = "label"
_OPTIONAL = ["audio", "video", "region", "start", "end", "text", "part", "dialogue"]
_RECORDINGS = ("audio", "video")
_WORDS = "words.csv"
_WORD_COLUMNS = ["utterance", "word", "start", "end"]


class ManifestSettings(Settings):
    """Settings of `Manifest`."""

    table: str = "manifest.csv"
    """The table, in the corpus' root."""
    labels: LabelMap = Field(default={})
    """Our label for each of the table's, where those need a map. Rows with others are left out."""
    encoding: Encoding = ""
    """Encoding of the tables, e.g. ``gb18030``. Empty: UTF-8, UTF-16, or cp1252 where the whole
    table makes sense in it."""


class Manifest(WordReader):
    """A table of clips, and ``words.csv`` beside it.

    The columns of the table are ``utterance, session, speaker, label`` and, as far as the corpus
    has them, ``audio, video, text, region, start, end, part, dialogue``. Any further column is kept
    as it is. Paths are relative to the corpus' root. Where a row has ``start`` and ``end`` in
    seconds, they cut both audio and video.
    """

    settings_class = ManifestSettings
    settings: ManifestSettings

    @classmethod
    def fits(cls, root: Path) -> bool:
        """See `Reader`: by the table."""
        return is_there(root / ManifestSettings().table)

    def tables(self) -> list[Path]:
        """The table of clips."""
        return existing([self.root / self.settings.table])

    def read(self) -> Reading:
        """See `Reader`.

        Raises:
            InputError: no such table, a column is missing or misspelt, a path leaves the folder, or
                none of the recordings exists.
        """
        advice = "Point the corpus' root at the folder with the table"
        path = required_file(self.root, self.settings.table, advice)
        required = [*_REQUIRED, *[_LABEL] * self.needs_label]
        optional = [*_OPTIONAL, *[_LABEL] * (not self.needs_label)]
        table = read_user_table(path, required, self.settings.encoding, optional, ["text"])
        if problem := problem_of_columns(table.columns, required + optional):
            raise InputError(f"{path}: {problem}")
        return _Clips(self.settings, self.root, table, required).read()

    def word_tables(self) -> list[Path]:
        """The table of words."""
        return existing([self._word_table()])

    def words(self) -> WordTimes:
        """Words by their rows, in any order.

        Raises:
            InputError: there is no such table, or a column is missing.
        """
        return partial(_words_of, self._words, _by_utterance(self._words))

    def word_problems(self, utterances: Iterable[str]) -> list[tuple[str, str]]:
        """See `WordReader`: rows that are unusable, or of utterances that are not in the index."""
        table = self._words
        lines = [*table.remarks, *table.unusable]
        problems = [("", f"{_WORDS}, line {line}: {what}") for line, what in lines]
        known = set(map(name_key, utterances))
        for key, rows in _by_utterance(table).items():
            if key not in known:
                line, row = rows[0]
                words = f"{len(rows)} word{'s' * (len(rows) > 1)}"
                what = f"{_WORDS}, line {line}: {words} of an utterance that is not in the index"
                problems.append((row["utterance"], what))
        return problems

    @cached_property
    def _words(self) -> UserTable:
        advice = "Put the table there, or leave out aligned_to in the corpus' modalities"
        path = required_file(self._word_table().parent, _WORDS, advice)
        return read_user_table(path, _WORD_COLUMNS, self.settings.encoding)

    def _word_table(self) -> Path:
        return inside(self.root, self.settings.table).with_name(_WORDS)


class _Clips:
    """The rows of a table of clips, on their way into a reading."""

    def __init__(
        self, settings: ManifestSettings, root: Path, table: UserTable, required: list[str]
    ) -> None:
        self._required = required
        self._labels, self._root, self._table = settings.labels, root, table
        self._recordings = Recordings(root)
        self._named: Counter[str] = Counter()
        self._respelled: list[tuple[int, str]] = []
        self._existing: Counter[str] = Counter()
        self.reading = Reading(more=[name for name in table.columns if name not in COLUMNS])

    def read(self) -> Reading:
        """Add all rows.

        Raises:
            InputError: a path leaves the folder, or none of the recordings exists.
        """
        path = self._table.path
        for line, remark in self._table.remarks:
            self.reading.note(path, line, remark)
        for line, problem in self._table.unusable:
            self.reading.skip(path, line, problem)
        for line, row in self._table.rows:
            self._add(row, line)
        for line, what in self._respelled[:1]:
            more = len(self._respelled) - 1
            self.reading.note(path, line, what + (f"; {more} more paths likewise" if more else ""))
        self.reading.problems.sort(key=lambda problem: problem[1])
        for column, count in self._named.items():
            if not self._existing[column]:
                first = next(row[column] for _, row in self._table.rows if row[column])
                raise InputError(
                    f"{path}: none of the {count} files in the column {column} exists, e.g. "
                    f"{first!r}; expected paths relative to the folder {self._root}"
                )
        return self.reading

    def _add(self, row: dict[str, str], line: int) -> None:
        """Add a row, or note why it cannot be used."""
        path, reading = self._table.path, self.reading
        empty = [column for column in self._required if not row[column]]
        if empty:
            reading.skip(path, line, f"{empty[0]} is empty")
            return
        label = our_label(row.get(_LABEL, ""), self._labels)
        if label is None and _LABEL in self._required:
            reading.skip(path, line, f"{row['utterance']} has the unknown label {row['label']!r}")
            return
        row = {**row, _LABEL: label or ""}
        for column in _RECORDINGS:
            if row.get(column):
                row[column] = self._locate(row[column], column, line)
        times = [_seconds(row.get(column, ""), self._table) for column in ("start", "end")]
        if not _is_time(*times):
            reading.skip(path, line, f"start and end of {row['utterance']} are no times in seconds")
            return
        row |= {"start": times[0], "end": times[1], "audio_is_cut": "0" if times[0] else "1"}
        if "part" in row:
            row["part"] = part_if_known(row["part"])
        reading.add(row, path, line)

    def _locate(self, named: str, column: str, line: int) -> str:
        located = self._recordings.locate(named)
        self._named[column] += 1
        self._existing[column] += located is not None
        if located is None:
            self.reading.note(self._table.path, line, f"{column} file {named} is missing")
        elif located != named:
            self._respelled.append((line, f"{column} file {named} is read from {located}"))
        return located or ""


def _by_utterance(words: UserTable) -> dict[str, list[UserRow]]:
    rows: dict[str, list[UserRow]] = {}
    for line, row in words.rows:
        rows.setdefault(name_key(row["utterance"]), []).append((line, row))
    return rows


def _words_of(
    words: UserTable, by_utterance: dict[str, list[UserRow]], row: Mapping[str, str]
) -> list[Word]:
    rows = by_utterance.get(name_key(row["utterance"]))
    if not rows:
        raise UtteranceError(f"{_WORDS} has no words of it")
    spoken = []
    for line, word in rows:
        try:
            start, end = (float(_seconds(word[column], words)) for column in ("start", "end"))
        except ValueError:
            raise UtteranceError(
                f"{_WORDS}, line {line}: start and end are no times in seconds"
            ) from None
        spoken.append(Word(unicodedata.normalize("NFC", word["word"]), start, end))
    return sorted(spoken, key=lambda word: word.start)


def _seconds(cell: str, table: UserTable) -> str:
    """A time as a table writes it; where no comma separates cells, it may be a decimal one."""
    return cell if table.separator == "," else cell.replace(",", ".")


def _is_time(start: str, end: str) -> bool:
    if not start and not end:
        return True
    try:
        return 0 <= float(start) < float(end) < math.inf
    except ValueError:
        return False
