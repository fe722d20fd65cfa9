"""Reader of CREMA-D as released (Cao et al. 2014): acted sentences, and what raters chose."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from robust_mer.corpora.disk import existing, read_lines, wrong_root
from robust_mer.corpora.labels import LabelMap, known_labels
from robust_mer.corpora.reader import Reader
from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError
from robust_mer.mistaken import mistaken_for
from robust_mer.settings import Settings

Label = Literal["intended", "voice", "face", "both"]

_FOLDERS = {"audio": ("AudioWAV", ".wav"), "video": ("VideoFlash", ".flv")}
_ACTORS = "VideoDemographics.csv"
_SUMMARY = "processedResults/summaryTable.csv"
_VOTES = "processedResults/tabulatedVotes.csv"

_EMOTIONS = {
    "ANG": "angry",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
_CODES = {code[0]: code for code in _EMOTIONS}  # votes name an emotion by its first letter
_LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified"}
_SENTENCES = {
    "IEO": "It's eleven o'clock.",
    "TIE": "That is exactly what happened.",
    "IOM": "I'm on my way to the meeting.",
    "IWW": "I wonder what this is about.",
    "TAI": "The airplane is almost full.",
    "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.",
    "ITH": "I think I have a doctor's appointment.",
    "DFA": "Don't forget a jacket.",
    "ITS": "I think I've seen this before.",
    "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}
# By what raters met: column of the summary, and first digit of a row's number among the votes.
_RATINGS = {"voice": ("VoiceVote", "1"), "face": ("FaceVote", "2"), "both": ("MultiModalVote", "3")}
_TRAITS = ("Age", "Sex", "Race", "Ethnicity")
_NAME = re.compile(
    rf"(?P<actor>\d{{4}})_(?P<sentence>{'|'.join(_SENTENCES)})_(?P<code>{'|'.join(_EMOTIONS)})"
    rf"_(?P<level>{'|'.join(_LEVELS)})"
)
_MISNAMED = {"1040_ITH_SAD_X": "1040_ITH_SAD_XX"}  # in older copies
_MIXED = {"1064_IEO_DIS_MD.flv"}  # a minute in which the actor shows all emotions


class CREMADSettings(Settings):
    """Settings of `CREMAD`."""

    label: Label = "intended"
    """What the label is: the emotion that the actor was asked for (``intended``), or the one that
    most raters chose who heard the ``voice``, saw the ``face``, or met ``both``. Clips with a tie
    have no label. Also chooses the raters whose votes are counted; for ``intended`` it is
    ``both``."""
    labels: Annotated[LabelMap, known_labels(_EMOTIONS)] = Field(default=_EMOTIONS)
    """Our label for each of the codes ANG, DIS, FEA, HAP, NEU and SAD. Clips of other emotions are
    left out."""


class _Row(NamedTuple):
    """A row of a table, with its line."""

    line: int
    cells: dict[str, str]


class _Release(NamedTuple):
    """What the folder holds."""

    files: dict[str, dict[str, str]]
    """By medium and utterance, the path of the recording, relative to the root."""
    actors: dict[str, dict[str, str]]
    """By number, what is known of an actor."""
    summary: dict[str, _Row]
    """By utterance, the emotions with most votes."""
    counts: dict[str, dict[str, str]]
    """By utterance, the number of votes per emotion."""


class CREMAD(Reader):
    """Clips by their names, with the votes of raters and what is known of the actors.

    Adds the columns ``sentence`` and ``level``, ``age``, ``sex``, ``race`` and ``ethnicity`` of the
    actor, ``intended``, ``voice_vote``, ``face_vote`` and ``both_vote`` (emotions, those of a tie
    with colons between them), and a column per emotion with the number of its votes. The root holds
    ``AudioWAV`` or ``VideoFlash`` or both.
    """

    settings_class = CREMADSettings
    settings: CREMADSettings

    @classmethod
    def fits(cls, root: Path) -> bool:
        """See `Reader`: by the folder of a medium."""
        return any((root / folder).is_dir() for folder, _ in _FOLDERS.values())

    def tables(self) -> list[Path]:
        """Votes and actors. The names of the clips are not watched, like recordings."""
        return existing(self.root / name for name in (_ACTORS, _SUMMARY, _VOTES))

    def answers(self) -> dict[str, str]:
        """The majorities of the raters whose votes are not the label itself.

        With labels of the user's own there are none, because votes name the emotions of the corpus.
        """
        if self.settings.labels != _EMOTIONS:
            return {}
        return {one: f"{one}_vote" for one in _RATINGS if one != self.settings.label}

    def read(self) -> Reading:
        """See `Reader`.

        Raises:
            WrongRootError: there is no recording.
            InputError: the recordings are pointers of Git LFS, or the label needs a missing table.
        """
        votes = [f"{rating}_vote" for rating in _RATINGS]
        traits = [name.lower() for name in _TRAITS]
        more = ["sentence", "level", *traits, "intended", *votes, *_EMOTIONS.values()]
        reading = Reading(more=more)
        files = {medium: self._recordings(medium, reading) for medium in _FOLDERS}
        if not any(files.values()):
            raise wrong_root(
                self.root,
                "no AudioWAV/*.wav and no VideoFlash/*.flv of CREMA-D",
                "Point the corpus' root at the folder that contains AudioWAV and VideoFlash",
            )
        release = _Release(
            files,
            {row.cells["ActorID"]: row.cells for row in self._table(_ACTORS, "ActorID", reading)},
            {row.cells["FileName"]: row for row in self._table(_SUMMARY, "FileName", reading)},
            self._counts(reading),
        )
        utterances = set().union(*files.values())
        ties = sum(self._add(utterance, release, reading) for utterance in sorted(utterances))
        for utterance, voted in release.summary.items():
            if utterance not in utterances:
                path = self.root / _SUMMARY
                reading.skip(path, voted.line, f"{utterance} has no recording")
        if ties and self.needs_label:
            column = _RATINGS[self.settings.label][0]
            have = f"{ties} clip{'s have' if ties > 1 else ' has'} a tie in {column}"
            reading.note(self.root / _SUMMARY, 0, f"{have} and therefore no label")
        return reading

    def _add(self, utterance: str, release: _Release, reading: Reading) -> bool:
        """Add a clip, or note why it cannot be used; returns whether its raters' votes tie."""
        files = [names[utterance] for names in release.files.values() if utterance in names]
        place = f"{self.root}/{files[0]}"
        name = _NAME.fullmatch(utterance)
        if name is None:
            reading.skip(place, 0, "name not understood; expected one like 1001_DFA_ANG_XX")
            return False
        codes = {"intended": [name["code"]]}
        if utterance in release.summary:
            codes |= self._voted(release.summary[utterance], reading)
        chosen = codes.get(self.settings.label, [])
        label = self.settings.labels.get(chosen[0], "") if len(chosen) == 1 else ""
        if not label and self.needs_label:
            if not chosen:
                reading.skip(place, 0, f"{utterance} has no {self.settings.label} vote")
            return len(chosen) > 1
        for medium, names in release.files.items():
            if names and utterance not in names:
                reading.note(place, 0, f"the {medium} of {utterance} is missing")
        traits = release.actors.get(name["actor"], {})
        row = {
            "utterance": utterance,
            "session": name["actor"],
            "speaker": name["actor"],
            "label": label,
            "audio_is_cut": "1",
            "text": _SENTENCES[name["sentence"]],
            "sentence": name["sentence"],
            "level": _LEVELS[name["level"]],
            "intended": _EMOTIONS[name["code"]],
            **{medium: names.get(utterance, "") for medium, names in release.files.items()},
            **{trait.lower(): traits.get(trait, "") for trait in _TRAITS},
            **{f"{rating}_vote": _joined(codes.get(rating, [])) for rating in _RATINGS},
            **release.counts.get(utterance, {}),
        }
        reading.add(row, place, 0)
        return len(chosen) > 1

    def _recordings(self, medium: str, reading: Reading) -> dict[str, str]:
        """Paths of a medium's recordings, relative to the root, by utterance."""
        folder, suffix = _FOLDERS[medium]
        paths = sorted((self.root / folder).glob(f"[!.]*{suffix}"))
        if not paths:
            reading.note(self.root / folder, 0, f"holds no {suffix} file: the {medium} is missing")
            return {}
        if paths[0].stat().st_size and (mistake := mistaken_for(paths[0])):
            raise InputError(
                f"{paths[0]} is no recording: {mistake}. To work without the {medium}, move the "
                f"folder {folder} out of the corpus' folder"
            )
        files = {}
        for path in paths:
            utterance = _MISNAMED.get(path.stem, path.stem)
            if utterance != path.stem:
                reading.note(path, 0, f"is known under the wrong name; read as {utterance}")
            files[utterance] = f"{folder}/{path.name}"
            if path.name in _MIXED:
                reading.note(path, 0, "is known to show all emotions; the clip has no video")
                files[utterance] = ""
        return files

    def _voted(self, row: _Row, reading: Reading) -> dict[str, list[str]]:
        """Codes of the emotions with most votes, by what raters met."""
        voted = {}
        for rating, (column, _) in _RATINGS.items():
            letters = row.cells.get(column, "").split(":")
            voted[rating] = [_CODES[letter] for letter in letters if letter in _CODES]
            if len(voted[rating]) < len(letters):
                expected = f"expected {', '.join(_CODES)}, or several with colons between them"
                what = f"{column} is {row.cells.get(column, '')!r}, {expected}"
                reading.note(self.root / _SUMMARY, row.line, what)
                voted[rating] = []
        return voted

    def _counts(self, reading: Reading) -> dict[str, dict[str, str]]:
        """Number of votes per emotion, by utterance."""
        rating = "both" if self.settings.label == "intended" else self.settings.label
        counts = {}
        for row in self._table(_VOTES, "fileName", reading):
            number = next(iter(row.cells.values()))
            if number.startswith(_RATINGS[rating][1]):
                votes = {_EMOTIONS[code]: row.cells.get(key, "") for key, code in _CODES.items()}
                counts[row.cells["fileName"]] = votes
        if (self.root / _VOTES).is_file() and not counts:
            digit = _RATINGS[rating][1]
            what = f"no row's number begins with {digit} ({rating}); the counts stay empty"
            reading.note(self.root / _VOTES, 0, what)
        return counts

    def _table(self, name: str, key: str, reading: Reading) -> Iterator[_Row]:
        """Rows of a table; R writes their numbers in front of them, in a column without a name."""
        path = self.root / name
        if not path.is_file():
            if name == _SUMMARY and self.settings.label != "intended":
                raise InputError(
                    f"{path} is missing, which `label: {self.settings.label}` in the config reads. "
                    "Get it from the corpus' repository, or set `label: intended`"
                )
            reading.note(path, 0, "is missing; its columns stay empty")
            return
        lines = enumerate(read_lines(path, reading), start=1)
        rows = ((number, _cells(line)) for number, line in lines if line.strip())
        _, columns = next(rows, (1, []))
        if key not in columns:
            have = ", ".join(filter(None, columns)) or "nothing"
            raise InputError(f"{path}, line 1: no column {key}; the heading has {have}")
        for number, cells in rows:
            if len(cells) == len(columns):
                yield _Row(number, dict(zip(columns, cells, strict=True)))
            else:
                what = f"has {len(cells)} cells, the heading {len(columns)}; the row is ignored"
                reading.note(path, number, what)


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]))
    except csv.Error:  # a cell beyond the size that csv reads
        return []


def _joined(codes: list[str]) -> str:
    return ":".join(_EMOTIONS[code] for code in codes)
