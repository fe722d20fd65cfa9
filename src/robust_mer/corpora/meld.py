"""Reader of MELD as released (Poria et al. 2019): dialogues of a series, with a given split."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from robust_mer.corpora.disk import wrong_root
from robust_mer.corpora.durations import duration
from robust_mer.corpora.labels import LabelMap
from robust_mer.corpora.reader import Reader
from robust_mer.corpora.tables import read_user_table
from robust_mer.corpora.utterances import Reading
from robust_mer.encodings import Encoding
from robust_mer.recordings import describe_contents
from robust_mer.settings import Settings

_EMOTIONS = {
    "neutral": "neutral",
    "joy": "happy",
    "sadness": "sad",
    "anger": "angry",
    "surprise": "surprise",
    "fear": "fear",
    "disgust": "disgust",
}
_SENTIMENTS = {name: name for name in ("positive", "neutral", "negative")}
_LABELS = {"emotion": _EMOTIONS, "sentiment": _SENTIMENTS}
# Our part, and the release's name of it, of its table and of its clips.
_PARTS = (
    ("train", "train", "train_sent_emo.csv", "train_splits"),
    ("validation", "dev", "dev_sent_emo.csv", "dev_splits_complete"),
    ("test", "test", "test_sent_emo.csv", "output_repeated_splits_test"),
)
_COLUMNS = ["Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID"]
_COLUMNS += ["Season", "Episode", "StartTime", "EndTime"]
_TIME = re.compile(r"(\d+):(\d\d?):(\d\d?)[,.:](\d+)")
_COPY = "final_videos_test"
# Seconds: how much longer a clip may be than its row says, and how long at all; 3 are the mean.
_MAY_DIFFER, _LONGEST = 10.0, 30.0
_SHOWN = 5  # names of clips without a row


class MELDSettings(Settings):
    """Settings of `MELD`."""

    label: Literal["emotion", "sentiment"] = "emotion"
    """Which of both is the label: one of seven emotions, or positive, neutral or negative."""
    labels: LabelMap = Field(default=_EMOTIONS)
    """Our label for each of the tables'. Utterances with others are left out. By default all are
    kept; joy, sadness and anger become happy, sad and angry, as in other corpora."""
    encoding: Encoding = ""
    """Encoding of the tables; empty: UTF-8, or cp1252 where a whole table makes sense in it."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in_labels(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("label") == "sentiment":
            return {"labels": _SENTIMENTS, **given}
        return given

    @model_validator(mode="after")
    def _check_labels(self) -> Self:
        known = _LABELS[self.label]
        if unknown := [name for name in self.labels if name not in known]:
            raise ValueError(
                f"labels has the {self.label} {unknown[0]!r}, which the tables do not; expected "
                f"{', '.join(known)}"
            )
        return self


class MELD(Reader):
    """The tables of the three parts, and a clip an utterance, with picture and sound.

    Adds the columns ``part``, ``dialogue``, ``emotion`` and ``sentiment`` as the tables have them,
    and ``starts`` and ``ends``, seconds in the episode. A session is an episode. The tables and the
    folders of clips lie in the root, or up to two folders below it.
    """

    settings_class = MELDSettings
    settings: MELDSettings

    @classmethod
    def fits(cls, root: Path) -> bool:
        """See `Reader`: by a table, in the folder or one below it."""
        return any(_located(root, table, depth=1) for _, _, table, _ in _PARTS)

    def tables(self) -> list[Path]:
        """The tables of the three parts."""
        return [path for _, _, name, _ in _PARTS if (path := _located(self.root, name))]

    def read(self) -> Reading:
        """See `Reader`.

        Raises:
            WrongRootError: there is no table.
        """
        if not self.tables():
            raise wrong_root(
                self.root,
                f"no {', '.join(table for _, _, table, _ in _PARTS)} of MELD",
                "Point the corpus' root at the folder MELD.Raw, with its archives unpacked",
            )
        reading = Reading(more=["part", "dialogue", "emotion", "sentiment", "starts", "ends"])
        for part, name, table, clips in _PARTS:
            path, folder = _located(self.root, table), _located(self.root, clips)
            if path is None:
                reading.note(self.root / table, 0, f"is missing; the {part} part is left out")
                continue
            if folder is None:
                archive = f"{name}.tar.gz"
                what = f"folder is missing: no clips of the {part} part. Unpack {archive}"
                reading.note(self.root / clips, 0, what)
            self._read_part(part, name, path, folder, reading)
        return reading

    def _read_part(
        self, part: str, name: str, path: Path, folder: Path | None, reading: Reading
    ) -> None:
        table = read_user_table(path, _COLUMNS, self.settings.encoding, verbatim=["Utterance"])
        for line, remark in table.remarks:
            reading.note(path, line, remark)
        for line, problem in table.unusable:
            reading.skip(path, line, problem)
        files = {file.name for file in folder.iterdir()} if folder else set()
        below = folder.relative_to(self.root).as_posix() if folder else ""
        clips = set()
        for line, cells in table.rows:
            number = f"dia{cells['Dialogue_ID']}_utt{cells['Utterance_ID']}"
            clips.add(f"{number}.mp4")
            row = self._row(path, line, cells, reading)
            if row is None:
                continue
            row |= {
                "utterance": f"{name}_{number}",
                "dialogue": f"{name}_dia{cells['Dialogue_ID']}",
                "part": part,
            }
            if folder and f"{number}.mp4" in files:
                row["audio"] = row["video"] = f"{below}/{number}.mp4"
                for problem in _problems(folder / f"{number}.mp4", row["starts"], row["ends"]):
                    reading.note(path, line, problem)
            elif folder:
                reading.note(path, line, f"{number}.mp4 is missing")
            reading.add(row, path, line)
        self._note_further(folder, files - clips, reading)

    def _row(
        self, path: Path, line: int, cells: dict[str, str], reading: Reading
    ) -> dict[str, str] | None:
        """What a row of a table says; None where it is left out."""
        for column in ("Dialogue_ID", "Utterance_ID"):
            if not re.fullmatch(r"[0-9]+", cells[column]):
                reading.skip(path, line, f"{column} is {cells[column]!r}, expected a number")
                return None
        if not cells["Speaker"]:
            reading.skip(path, line, "Speaker is empty")
            return None
        kind, labels = self.settings.label, self.settings.labels
        code = cells[kind.capitalize()].lower()
        if code not in _LABELS[kind]:
            reading.skip(path, line, f"unknown {kind} {code!r}")
            return None
        if self.needs_label and code not in labels:
            return None
        starts, ends = (_seconds(cells[column]) for column in ("StartTime", "EndTime"))
        if starts is None or ends is None or not starts < ends:
            times = f"{cells['StartTime']!r} to {cells['EndTime']!r}"
            reading.note(path, line, f"{times} is no time span; the clip is used as it is")
            starts = ends = None
        return {
            "session": f"S{cells['Season'].zfill(2)}E{cells['Episode'].zfill(2)}",
            "speaker": cells["Speaker"],
            "label": labels.get(code, ""),
            "text": cells["Utterance"],
            "audio_is_cut": "1",
            "emotion": cells["Emotion"],
            "sentiment": cells["Sentiment"],
            "starts": "" if starts is None else f"{starts:.3f}",
            "ends": "" if ends is None else f"{ends:.3f}",
        }

    def _note_further(self, folder: Path | None, names: set[str], reading: Reading) -> None:
        """Note clips without a row, but for copies and files of other systems (``._*``)."""
        further = sorted(n for n in names if n.endswith(".mp4") and n[0] != "." and _COPY not in n)
        if folder and further:
            more = f" and {len(further) - _SHOWN} more" if len(further) > _SHOWN else ""
            what = f"ignored, as the table has no row of them: {', '.join(further[:_SHOWN])}{more}"
            reading.note(folder, 0, what)


def _located(root: Path, name: str, depth: int = 2) -> Path | None:
    """A file or folder of the release: in the root or below it, the nearest one."""
    for level in range(depth + 1):
        for path in sorted(root.glob("*/" * level + name)):
            if not any(part.startswith((".", "__MACOSX")) for part in path.relative_to(root).parts):
                return path
    return None


def _seconds(text: str) -> float | None:
    """A time as subtitles write it, ``0:16:21,731``."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")


def _problems(clip: Path, starts: str, ends: str) -> Iterator[str]:
    """What a clip's header shows to be wrong with it."""
    length = duration(clip)
    if length is None:
        if what := describe_contents(clip):
            yield f"{clip.name}: {what}"
        return
    span = float(ends) - float(starts) if starts else length
    if length > min(span + _MAY_DIFFER, _LONGEST):
        says = f" ({span:.1f} s by its row)" if starts else ""
        yield f"{clip.name} is {length:.1f} s long{says}: probably cut wrongly"
