"""Reader of RAVDESS as released (Livingstone & Russo 2018): all is in the names of the files.

A name has seven numbers of two digits, e.g. ``03-01-05-01-02-01-12.wav``: modality, vocal channel,
emotion, intensity, statement, repetition, actor.
"""

import re
from collections import defaultdict
from collections.abc import Set
from itertools import chain, product
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from robust_mer.corpora.disk import wrong_root
from robust_mer.corpora.labels import LabelMap, known_labels
from robust_mer.corpora.named_files import files_by_name
from robust_mer.corpora.reader import Reader
from robust_mer.corpora.utterances import Reading
from robust_mer.settings import Settings

Channel = Literal["speech", "song"]

_EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
# Two of them as other readers call them, for experiments across corpora.
_LABELS = {name: name for name in _EMOTIONS} | {"fearful": "fear", "surprised": "surprise"}
_CHANNELS: tuple[Channel, ...] = ("speech", "song")
_INTENSITIES = ("normal", "strong")
_STATEMENTS = {"kids": "Kids are talking by the door.", "dogs": "Dogs are sitting by the door."}
_ACTORS = 24
_SILENT_SINGER = 18  # has no songs in the release

_NAME = re.compile(r"(0[12](?=.*mp4)|03(?=.*wav))(-[0-9]{2}){6}\.(mp4|wav)")
_EXAMPLE = "03-01-05-01-02-01-12.wav"
_WITH_SOUND, _SILENT, _AUDIO = "01", "02", "03"
_SOME_FILE = "0[123]-0[12]-0[1-8]-*"


class RAVDESSSettings(Settings):
    """Settings of `RAVDESS`."""

    channels: Annotated[list[Channel], Field(min_length=1)] = Field(default=["speech"])
    """``speech`` has eight emotions; ``song`` has six, without disgusted and surprised."""
    labels: Annotated[LabelMap, known_labels(_EMOTIONS)] = Field(default=_LABELS)
    """Our label for each of the emotions neutral, calm, happy, sad, angry, fearful, disgust and
    surprised; by default the same names, but for ``fear`` and ``surprise``. Clips of other emotions
    are left out."""


class RAVDESS(Reader):
    """Clips by the names of their files, wherever these lie below the root.

    A clip has up to three files: the sound, the picture with sound, and the picture alone, of which
    the index takes one for each modality. Its name is that of its files without the modality. Adds
    the columns ``channel``, ``intensity``, ``statement``, ``repetition`` and ``sex``.
    """

    settings_class = RAVDESSSettings
    settings: RAVDESSSettings

    @classmethod
    def fits(cls, root: Path) -> bool:
        """See `Reader`: by a file of its names in the folder, an actor's, or a zip's actor's."""
        folders = ("", "Actor_[0-9][0-9]/", "*/Actor_[0-9][0-9]/")
        return any(chain.from_iterable(root.glob(folder + _SOME_FILE) for folder in folders))

    def tables(self) -> list[Path]:
        """None. Another root is noticed, further recordings are not."""
        return []

    def read(self) -> Reading:
        """See `Reader`.

        Raises:
            WrongRootError: no file has such a name.
        """
        reading = Reading(more=["channel", "intensity", "statement", "repetition", "sex"])
        clips: defaultdict[str, dict[str, Path]] = defaultdict(dict)
        files = files_by_name(self.root, (".wav", ".mp4"), _NAME, _EXAMPLE, reading)
        for name, path in files.items():
            modality, clip = name[:2], name[3:20]
            if problem := problem_of_clip(clip):
                reading.skip(path, 0, problem)
            else:
                clips[clip][modality] = path
        if not clips:
            raise wrong_root(
                self.root,
                f"no files of RAVDESS such as {_EXAMPLE}",
                "Point the corpus' root at the folder with Actor_01 ... Actor_24, or with the "
                "unpacked zips",
            )
        for clip, recordings in sorted(clips.items()):
            self._add(clip, recordings, reading)
        _note_missing_files(self.root, clips, reading)
        for channel in self.settings.channels:
            _note_missing_clips(self.root, channel, clips.keys(), reading)
        return reading

    def _add(self, clip: str, recordings: dict[str, Path], reading: Reading) -> None:
        """Add a clip if its channel and emotion are of use."""
        facts = parse_clip(clip)
        label = self.settings.labels.get(facts["emotion"], "")
        if facts["channel"] not in self.settings.channels or (self.needs_label and not label):
            return
        audio = recordings.get(_AUDIO) or recordings.get(_WITH_SOUND)
        video = recordings.get(_WITH_SOUND) or recordings.get(_SILENT)
        row = {**facts, "utterance": clip, "session": facts["speaker"], "label": label}
        row |= {"audio": self._relative(audio), "video": self._relative(video), "audio_is_cut": "1"}
        reading.add(row, next(iter(recordings.values())), 0)

    def _relative(self, path: Path | None) -> str:
        return path.relative_to(self.root).as_posix() if path else ""


def parse_clip(clip: str) -> dict[str, str]:
    """What six valid numbers say: ``speaker`` and ``emotion``, further columns, ``text``.

    A speaker's name starts with the sex, so that groups of speakers dealt by name have both.
    """
    channel, emotion, intensity, statement, repetition, actor = map(int, clip.split("-"))
    spoken = list(_STATEMENTS)[statement - 1]
    sex = "male" if actor % 2 else "female"
    return {
        "speaker": f"{sex[0].upper()}{actor:02}",
        "emotion": _EMOTIONS[emotion - 1],
        "channel": _CHANNELS[channel - 1],
        "intensity": _INTENSITIES[intensity - 1],
        "statement": spoken,
        "repetition": str(repetition),
        "sex": sex,
        "text": _STATEMENTS[spoken],
    }


def problem_of_clip(clip: str) -> str | None:
    """What is wrong with six numbers, e.g. an emotion that does not exist."""
    numbers = list(map(int, clip.split("-")))
    most = {
        "vocal channel": len(_CHANNELS),
        "emotion": len(_EMOTIONS),
        "intensity": len(_INTENSITIES),
        "statement": len(_STATEMENTS),
        "repetition": 2,
        "actor": _ACTORS,
    }
    for (field, last), number in zip(most.items(), numbers, strict=True):
        if not 1 <= number <= last:
            return f"the name has the {field} {number:02}, expected 01 to {last:02}"
    return None


def released_clips(channel: Channel, actor: int) -> list[str]:
    """The release's clips of an actor: 60 of speech, 44 of song."""
    if channel == "song" and actor == _SILENT_SINGER:
        return []
    emotions = range(1, 9 if channel == "speech" else 7)
    return [
        f"{_CHANNELS.index(channel) + 1:02}-{emotion:02}-{intensity:02}-{statement:02}-"
        f"{repetition:02}-{actor:02}"
        for emotion, intensity, statement, repetition in product(emotions, *[(1, 2)] * 3)
        if (emotion, intensity) != (1, 2)  # nobody is strongly neutral
    ]


def _note_missing_files(root: Path, clips: dict[str, dict[str, Path]], reading: Reading) -> None:
    """Note clips without a sound or a picture: each one, or once if it is all of them."""
    taken = [(row["utterance"], row) for row in reading.rows]
    for modality, sought in (("audio", "03-*.wav or 01-*.mp4"), ("video", "01-*.mp4 or 02-*.mp4")):
        without = [clip for clip, row in taken if not row[modality]]
        if taken and len(without) == len(taken):
            reading.note(root, 0, f"no files {sought}: all clips are without {modality}")
            continue
        for clip in without:
            reading.note(reading.origins[clip][0], 0, f"{clip} has no file {sought}")
    borrowed = [
        clip for clip, _ in taken if _AUDIO not in clips[clip] and _WITH_SOUND in clips[clip]
    ]
    if borrowed:
        have = "clip has" if len(borrowed) == 1 else "clips have"
        what = f"{len(borrowed)} {have} no file 03-*.wav, e.g. {borrowed[0]}"
        reading.note(root, 0, f"{what}; the sound of the video is read")


def _note_missing_clips(root: Path, channel: Channel, clips: Set[str], reading: Reading) -> None:
    """Note which of the release's clips are missing, by actor."""
    absent = []
    for actor in range(1, _ACTORS + 1):
        released = released_clips(channel, actor)
        missing = [clip for clip in released if clip not in clips]
        if missing and len(missing) == len(released):
            absent.append(f"{actor:02}")
        elif missing:
            of_what = f"of {len(released)} clips of {channel} of actor {actor:02}"
            are = "is" if len(missing) == 1 else "are"
            what = f"{len(missing)} {of_what} {are} missing, e.g. {missing[0]}"
            reading.note(root, 0, what)
    if absent:
        actors = f"actor{'s' * (len(absent) != 1)} {', '.join(absent)}"
        reading.note(root, 0, f"no clip of {channel} of {actors}")
