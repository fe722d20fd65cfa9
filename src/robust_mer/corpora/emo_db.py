"""Reader of EMO-DB as released (Burkhardt et al. 2005): all is in the names of the files.

In ``03a01Fa.wav``, 03 is the speaker, a01 the sentence, F the emotion (German: Freude) and a the
version.
"""

import re
from collections.abc import Collection
from itertools import chain
from pathlib import Path
from typing import Annotated

from pydantic import Field

from robust_mer.corpora.disk import wrong_root
from robust_mer.corpora.labels import LabelMap, known_labels
from robust_mer.corpora.named_files import files_by_name
from robust_mer.corpora.reader import Reader
from robust_mer.corpora.utterances import Reading
from robust_mer.settings import Settings

# Sentences, speakers and emotions as the release's documentation lists them
# (http://emodb.bilderbar.info/index-1280.html).
_SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
_SPEAKERS = {  # sex, age in years
    "03": ("male", 31),
    "08": ("female", 34),
    "09": ("female", 21),
    "10": ("male", 32),
    "11": ("male", 26),
    "12": ("male", 30),
    "13": ("female", 32),
    "14": ("female", 35),
    "15": ("male", 25),
    "16": ("female", 31),
}
_EMOTIONS = {
    "W": "angry",  # Wut (Ärger)
    "L": "bored",  # Langeweile
    "E": "disgust",  # Ekel
    "A": "fear",  # Angst
    "F": "happy",  # Freude
    "T": "sad",  # Trauer
    "N": "neutral",
}
_FILES = 535

_NAME = re.compile(
    r"(?P<speaker>[0-9]{2})(?P<sentence>[ab][0-9]{2})(?P<emotion>[A-Z])(?P<version>[a-z]?)\.wav"
)
_EXAMPLE = "03a01Fa.wav"
_SOME_FILE = "[01][0-9][ab][01][0-9][AEFLNTW]*.wav"


class EMODBSettings(Settings):
    """Settings of `EMODB`."""

    labels: Annotated[LabelMap, known_labels(_EMOTIONS)] = Field(default=_EMOTIONS)
    """Our label for each of the emotions' letters: W anger, L boredom, E disgust, A fear, F
    happiness, T sadness, N neutral. Utterances with other letters are left out."""


class EMODB(Reader):
    """Utterances by the names of their files, wherever these lie below the root.

    The text is the sentence that the name gives. There is no video. Adds the columns ``sentence``,
    ``version``, ``sex`` and ``age``.
    """

    settings_class = EMODBSettings
    settings: EMODBSettings
    signals = ("audio", "text")

    @classmethod
    def fits(cls, root: Path) -> bool:
        """See `Reader`: by a file of its names in the folder or in one that is called wav."""
        folders = ("", "wav/", "*/wav/")
        return any(chain.from_iterable(root.glob(folder + _SOME_FILE) for folder in folders))

    def tables(self) -> list[Path]:
        """None. Another root is noticed, further recordings are not."""
        return []

    def read(self) -> Reading:
        """See `Reader`.

        Raises:
            WrongRootError: no file has such a name.
        """
        reading = Reading(more=["sentence", "version", "sex", "age"])
        valid = 0
        files = files_by_name(self.root, (".wav",), _NAME, _EXAMPLE, reading)
        for name, path in sorted(files.items()):
            codes = parse_name(name)
            if problem := _problem(codes):
                reading.skip(path, 0, problem)
                continue
            valid += 1
            label = self.settings.labels.get(codes["emotion"], "")
            if label or not self.needs_label:
                row = _row(codes) | {"utterance": path.stem, "label": label}
                row |= {"audio": path.relative_to(self.root).as_posix(), "audio_is_cut": "1"}
                reading.add(row, path, 0)
        if not valid:
            raise wrong_root(
                self.root,
                f"no files of EMO-DB such as {_EXAMPLE}",
                "Point the corpus' root at the folder that contains the folder wav of the release",
            )
        if valid < _FILES:
            reading.note(self.root, 0, f"{_FILES - valid} of {_FILES} files are missing")
        return reading


def parse_name(name: str) -> dict[str, str]:
    """Codes in the name of a file: ``speaker, sentence, emotion, version``."""
    match = _NAME.fullmatch(name)
    return match.groupdict() if match else {}


def _problem(codes: dict[str, str]) -> str | None:
    """What is wrong with the codes of a name, e.g. a speaker who does not exist."""
    known: dict[str, Collection[str]] = {
        "speaker": _SPEAKERS,
        "sentence": _SENTENCES,
        "emotion": _EMOTIONS,
    }
    for what, values in known.items():
        if codes[what] not in values:
            return f"the name has the {what} {codes[what]}, expected {', '.join(values)}"
    return None


def _row(codes: dict[str, str]) -> dict[str, str]:
    """Speaker, session, text and further columns.

    A speaker's name starts with the sex, so that groups of speakers dealt by name have both.
    """
    sex, age = _SPEAKERS[codes["speaker"]]
    speaker = sex[0].upper() + codes["speaker"]
    text = _SENTENCES[codes["sentence"]]
    row = {"speaker": speaker, "session": speaker, "sex": sex, "age": str(age), "text": text}
    return {**codes, **row}
