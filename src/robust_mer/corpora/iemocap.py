"""Reader of IEMOCAP as released (Busso et al. 2008): ``Session{1..5}/{dialog,sentences}``."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from robust_mer.corpora.disk import is_there, read_lines, read_transcript_lines, wrong_root
from robust_mer.corpora.labels import LabelMap, known_labels
from robust_mer.corpora.reader import Word, WordReader, WordTimes
from robust_mer.corpora.utterances import Reading
from robust_mer.corpora.wdseg import parse_wdseg
from robust_mer.encodings import Encoding, decode
from robust_mer.errors import InputError, UtteranceError
from robust_mer.files import inside
from robust_mer.settings import Settings

_FOUR_CLASSES = {"ang": "angry", "hap": "happy", "exc": "happy", "sad": "sad", "neu": "neutral"}
_SIX_CLASSES = {**_FOUR_CLASSES, "exc": "excited", "fru": "frustrated"}

_SESSIONS = [f"Session{number}" for number in range(1, 6)]
_CODES = ("ang", "hap", "exc", "sad", "neu", "fru", "sur", "fea", "dis", "oth", "xxx")
_LABEL = re.compile(
    r"\[(?P<start>\d+\.\d+) - (?P<end>\d+\.\d+)\]\t(?P<utterance>\S+)\t(?P<code>\w+)\t\["
)
_RATINGS = re.compile(r"\t\[([-\d.]+), ([-\d.]+), ([-\d.]+)\]\s*$")
_DIMENSIONS = ("valence", "activation", "dominance")
_LINE = re.compile(r"(?P<utterance>Ses\d\d\w+) \[[\d.]+-[\d.]+\]: ?(?P<text>.*)")
_NAME = re.compile(
    r"(?P<dialogue>Ses(?P<session>\d\d)(?P<left>[FM])_(?P<kind>impro|script)\w*)"
    r"_(?P<speaker>[FM])\w*\d+"
)
_SOME_NAME = re.compile(r"Ses\d\d\w+")
_TURN = re.compile(r"_[FM]\d+$")  # turns like FXX0 were never labelled
_SCRIPT = {"impro": "improvised", "script": "scripted"}


class IEMOCAPSettings(Settings):
    """Settings of `IEMOCAP`."""

    variant: Literal["four_classes", "six_classes"] = "four_classes"
    """Default of ``labels``. ``four_classes``: those of MMIN and NMER, where excited counts as
    happy. ``six_classes``: excited and frustrated are classes of their own."""
    labels: Annotated[LabelMap, known_labels(_CODES)] = Field(default=_FOUR_CLASSES)
    """Our label for each code of EmoEvaluation. Utterances with other codes are left out."""
    improvised_only: bool = False
    """Leave out the scripted dialogues, whose lines recur in every session."""
    encoding: Encoding = ""
    """Encoding of labels and transcripts; empty: UTF-8, or cp1252 where a whole file makes sense in
    it."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in_variant(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("variant") == "six_classes":
            return {"labels": _SIX_CLASSES, **given}
        return given


class IEMOCAP(WordReader):
    """Labels, times, transcripts and word alignments of all sessions.

    Adds the columns ``dialogue``, ``script`` (``scripted`` or ``improvised``), ``alignment``, the
    path of the word alignment (``.wdseg``) where there is one, and ``valence``, ``activation`` and
    ``dominance``, the raters' means from 1 to 5. The root holds ``Session1`` to
    ``Session5``.
    """

    settings_class = IEMOCAPSettings
    settings: IEMOCAPSettings

    @classmethod
    def fits(cls, root: Path) -> bool:
        """See `Reader`: by a session's labels."""
        return any(root.glob("Session[0-9]/dialog/EmoEvaluation"))

    def tables(self) -> list[Path]:
        """Labels and transcripts of all dialogues."""
        dialog = "Session[0-9]/dialog"
        labels = self.root.glob(f"{dialog}/EmoEvaluation/Ses*.txt")
        return sorted([*labels, *self.root.glob(f"{dialog}/transcriptions/Ses*.txt")])

    def read(self) -> Reading:
        """See `Reader`.

        Raises:
            InputError: there is no session folder.
        """
        sessions = sorted(self.root.glob("Session[0-9]"))
        if not sessions:
            raise wrong_root(
                self.root,
                "no Session1 ... Session5 of IEMOCAP",
                "Point the corpus' root at IEMOCAP_full_release",
            )
        reading = Reading(more=["dialogue", "script", "alignment", *_DIMENSIONS])
        for name in _SESSIONS:
            if self.root / name not in sessions:
                reading.note(self.root / name, 0, "session is missing")
        for session in sessions:
            labels = session / "dialog" / "EmoEvaluation"
            if not labels.is_dir():
                reading.note(labels, 0, "folder is missing; the session is left out")
                continue
            # The glob leaves out the annotators' sub-folders. ._* are files of other systems.
            for path in sorted(labels.glob("Ses*.txt")):
                self._read_dialogue(session, path, reading)
        return reading

    def word_tables(self) -> list[Path]:
        """None: the alignments of the release are not watched, like its recordings."""
        return []

    def words(self) -> WordTimes:
        """Words of the files that the index names in its column ``alignment``."""
        return self._read_alignment

    def _read_alignment(self, row: Mapping[str, str]) -> list[Word]:
        if not row["alignment"]:
            raise UtteranceError("no wdseg file")
        path = inside(self.root, row["alignment"])
        if not path.is_file():
            raise UtteranceError(f"{path.name} is missing")
        try:
            text = decode(path.read_bytes(), path.name, self.settings.encoding).text
        except InputError as error:
            raise UtteranceError(str(error)) from None
        return parse_wdseg(text, path.name)

    def _read_dialogue(self, session: Path, path: Path, reading: Reading) -> None:
        labels = self.settings.labels
        transcript = session / "dialog" / "transcriptions" / path.name
        texts = _read_transcript(transcript, reading, self.settings.encoding)
        video = session / "dialog" / "avi" / "DivX" / f"{path.stem}.avi"
        if not is_there(video):
            reading.note(video, 0, "is missing")
        labelled: set[str] = set()
        lines = read_lines(path, reading, self.settings.encoding)
        for number, line in enumerate(lines, start=1):
            if not line.startswith("["):
                continue  # header, rater lines, blank lines
            match = _LABEL.match(line)
            name = parse_name(match["utterance"]) if match else None
            if match is None or name is None:
                labelled |= set(_SOME_NAME.findall(line))
                reading.skip(path, number, f"not understood: {line[:80]!r}")
                continue
            utterance, code = match["utterance"], match["code"]
            labelled.add(utterance)
            if code not in _CODES:
                reading.skip(path, number, f"{utterance} has the unknown label {code!r}")
                continue
            scripted = name["script"] == "scripted"
            is_unlabelled = self.needs_label and code not in labels
            if is_unlabelled or (scripted and self.settings.improvised_only):
                continue
            row = {
                **name,
                "utterance": utterance,
                "label": labels.get(code, ""),
                "audio_is_cut": "1",
            }
            row |= {"start": match["start"], "end": match["end"]}
            if ratings := _RATINGS.search(line):
                row |= dict(zip(_DIMENSIONS, ratings.groups(), strict=True))
            row |= self._files(session, path.stem, utterance, reading)
            if utterance in texts:
                row["text"] = texts[utterance][0]
            else:
                reading.note(path, number, f"{utterance} has no line in {transcript.name}")
            reading.add({**row, "video": self._relative(video)}, path, number)
        if not labelled:
            reading.note(path, 0, "has no labels: empty, or a copy that broke off?")
        spoken = {path.stem: 0 for path in self._recordings(session, path.stem)}
        spoken |= {utterance: number for utterance, (_, number) in texts.items()}
        for utterance, number in spoken.items():
            if utterance not in labelled:
                source = transcript if number else path
                report = reading.skip if _TURN.search(utterance) else reading.note
                report(source, number, f"{utterance} has no line in the labels of {path.name}")

    @staticmethod
    def _recordings(session: Path, dialogue: str) -> list[Path]:
        return sorted((session / "sentences" / "wav" / dialogue).glob("Ses*.wav"))

    def _files(
        self, session: Path, dialogue: str, utterance: str, reading: Reading
    ) -> dict[str, str]:
        """Recording and alignment of an utterance; empty where there is none."""
        audio = session / "sentences" / "wav" / dialogue / f"{utterance}.wav"
        alignment = session / "sentences" / "ForcedAlignment" / dialogue / f"{utterance}.wdseg"
        if not is_there(audio):
            reading.note(audio, 0, "is missing")
        return {"audio": self._relative(audio), "alignment": self._relative(alignment)}

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if is_there(path) else ""


def parse_name(utterance: str) -> dict[str, str] | None:
    """What an utterance's name says: ``session, speaker, dialogue, script, region``.

    A speaker is the gender letter of the *last* part, with the session. The speaker whose letter is
    in the dialogue's name (``Ses01F``) sits on the left of the picture. None for other names.
    """
    name = _NAME.fullmatch(utterance)
    if name is None:
        return None
    return {
        "session": f"Ses{name['session']}",
        "speaker": f"Ses{name['session']}{name['speaker']}",
        "dialogue": name["dialogue"],
        "script": _SCRIPT[name["kind"]],
        "region": "left" if name["speaker"] == name["left"] else "right",
    }


def _read_transcript(path: Path, reading: Reading, encoding: str) -> dict[str, tuple[str, int]]:
    """Text and line of every utterance."""
    if not path.is_file():
        reading.note(path, 0, "transcript is missing")
        return {}
    texts: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(read_transcript_lines(path, reading, encoding), start=1):
        # other lines, "M: ...", belong to no utterance
        if match := _LINE.match(line):
            texts.setdefault(match["utterance"], (match["text"].strip(), number))
    return texts
