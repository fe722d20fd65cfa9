"""Reader of MSP-IMPROV as released (Busso et al. 2017)."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from robust_mer.corpora.disk import (
    existing,
    is_there,
    read_lines,
    read_transcript_lines,
    wrong_root,
)
from robust_mer.corpora.labels import LabelMap, known_labels
from robust_mer.corpora.reader import Reader
from robust_mer.corpora.utterances import Reading
from robust_mer.encodings import Encoding
from robust_mer.settings import Settings

Condition = Literal["P", "R", "S", "T"]

_LABEL_FILES = ("Evalution.txt", "Evaluation.txt")  # the first spelling is the release's
_TRANSCRIPTS = "All_human_transcriptions"
_SESSIONS = {f"session{number}" for number in range(1, 7)}
_LETTERS = ("A", "S", "H", "N", "O", "X")
_CONSENSUS = re.compile(r"UTD-(?P<name>IMPROV-[^;\s]+)\.avi\s*;\s*(?P<letter>[^;\s]*)\s*;")
_RATING = re.compile(r"\b([AVDN])\s*:\s*([-\d.]+)")
_DIMENSIONS = {"A": "activation", "V": "valence", "D": "dominance", "N": "naturalness"}
_NAME = re.compile(
    r"MSP-IMPROV-S(?P<sentence>\d\d)(?P<emotion>[A-Z])-(?P<gender>[FM])(?P<session>\d\d)"
    r"-(?P<condition>[PRST])-(?P<turn>\w+)"
)


class MSPIMPROVSettings(Settings):
    """Settings of `MSPIMPROV`."""

    conditions: Annotated[list[Condition], Field(min_length=1)] = Field(
        default=["P", "R", "S", "T"]
    )
    """S = other-improvised, P = natural, R = read, T = target-improvised. MMIN uses S alone."""
    labels: Annotated[LabelMap, known_labels(_LETTERS)] = Field(
        default={"A": "angry", "S": "sad", "H": "happy", "N": "neutral"}
    )
    """Our label for each letter of the consensus. Turns with other letters are left out."""
    encoding: Encoding = ""
    """Encoding of labels and transcripts; empty: UTF-8, or cp1252 where a whole file makes sense in
    it."""


class MSPIMPROV(Reader):
    """The consensus labels and the transcripts.

    Recordings lie in ``session{n}/S01A/{P,R,S,T}/`` or below ``Audio/`` and ``Video/``, a file a
    turn that shows one actor. Adds the columns ``dialogue`` and ``condition``. The root holds the
    label file.
    """

    settings_class = MSPIMPROVSettings
    settings: MSPIMPROVSettings

    @classmethod
    def fits(cls, root: Path) -> bool:
        """See `Reader`: by the label file."""
        return bool(existing(root / name for name in _LABEL_FILES))

    def tables(self) -> list[Path]:
        """The label file. Transcripts are a file a turn, too many to watch."""
        return existing(self.root / name for name in _LABEL_FILES)[:1]

    def read(self) -> Reading:
        """See `Reader`.

        Raises:
            InputError: there is no label file.
        """
        labels = self.tables()
        if not labels:
            raise wrong_root(
                self.root,
                f"no {' or '.join(_LABEL_FILES)} of MSP-IMPROV",
                "Point the corpus' root at the folder with the label file, the sessions and "
                f"{_TRANSCRIPTS}",
            )
        reading = Reading(more=["dialogue", "condition", *_DIMENSIONS.values()])
        named = self._read_labels(labels[0], reading)
        for session in sorted(_SESSIONS - {row["session"] for row in reading.rows}):
            reading.note(labels[0], 0, f"no usable turn of {session}")
        for path in sorted((self.root / _TRANSCRIPTS).glob("MSP-*.txt")):
            if path.stem not in named:
                name = parse_name(path.stem)
                is_lost = name is not None and name["condition"] in self.settings.conditions
                report = reading.skip if is_lost else reading.note
                report(path, 0, f"transcript of {path.stem}, which has no label")
        return reading

    def _read_labels(self, path: Path, reading: Reading) -> set[str]:
        """Add the turns that have a consensus; returns the names of all turns with a label."""
        labels, named = self.settings.labels, set()
        lines = read_lines(path, reading, self.settings.encoding)
        for number, line in enumerate(lines, start=1):
            if not line.startswith("UTD-"):
                continue  # raters' lines, of which some are doubled or hold NaN, and blank lines
            match = _CONSENSUS.match(line)
            utterance = f"MSP-{match['name']}" if match else ""
            name = parse_name(utterance)
            if match is None or name is None:
                reading.skip(path, number, f"not understood: {line[:80]!r}")
                continue
            named.add(utterance)
            letter = match["letter"]
            if letter not in _LETTERS:
                reading.skip(path, number, f"{utterance} has the unknown label {letter!r}")
                continue
            is_labelled = letter in labels or not self.needs_label
            if is_labelled and name["condition"] in self.settings.conditions:
                row = self._row(utterance, name, path, number, reading)
                row |= {_DIMENSIONS[key]: value for key, value in _RATING.findall(line)}
                reading.add({**row, "label": labels.get(letter, "")}, path, number)
        return named

    def _row(
        self, utterance: str, name: dict[str, str], path: Path, number: int, reading: Reading
    ) -> dict[str, str]:
        below = f"{name['session']}/{name['folder']}/{utterance}"
        row = {**name, "utterance": utterance, "audio_is_cut": "1"}
        for modality, extension in (("audio", "wav"), ("video", "avi")):
            places = [f"{below}.{extension}", f"{modality.capitalize()}/{below}.{extension}"]
            row[modality] = next((place for place in places if is_there(self.root / place)), "")
            if not row[modality]:
                problem = f"{modality} file of {utterance} is missing: {places[0]}"
                reading.note(path, number, problem)
        transcript = self.root / _TRANSCRIPTS / f"{utterance}.txt"
        if is_there(transcript):
            lines = read_transcript_lines(transcript, reading, self.settings.encoding)
            row["text"] = " ".join(" ".join(lines).split())
        else:
            reading.note(path, number, f"{utterance} has no transcript {transcript.name}")
        return row


def parse_name(utterance: str) -> dict[str, str] | None:
    """What a turn's name says: ``session, speaker, dialogue, condition, folder``.

    A dialogue is a scenario (sentence and emotion) in a session, acted (S and T), read or natural.
    ``folder`` is the one below ``session{n}``. None for other names.
    """
    name = _NAME.fullmatch(utterance)
    if name is None:
        return None
    scenario, condition = f"S{name['sentence']}{name['emotion']}", name["condition"]
    kind = {"S": "improvised", "T": "improvised", "R": "read", "P": "natural"}[condition]
    return {
        "session": f"session{int(name['session'])}",
        "speaker": name["gender"] + name["session"],
        "dialogue": f"session{int(name['session'])}-{scenario}-{kind}",
        "condition": condition,
        "folder": f"{scenario}/{condition}",
    }
