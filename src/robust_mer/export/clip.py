"""A clip that somebody brings: a video with or without sound, a recording, a text."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from robust_mer.encodings import decode
from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.media import open_recording, tracks_of
from robust_mer.features.utterance import Utterance
from robust_mer.jobs import log

_LONGEST_TEXT = 1_000_000  # bytes of a text file


@dataclass(frozen=True)
class Clip:
    """What there is of an utterance; start and end in seconds into the recordings.

    Raises:
        InputError: start and end are no times of a recording.
    """

    audio: Path | None = None
    video: Path | None = None
    text: str = ""
    region: str = ""  # part of the picture that shows the speaker, as in the index
    start: float | None = None
    end: float | None = None

    def __post_init__(self) -> None:
        for name, time in (("start", self.start), ("end", self.end)):
            if time is not None and not 0 <= time < math.inf:
                raise InputError(
                    f"{name} is {time:g}, expected seconds into the recording: 0 or more"
                )
        if self.end is not None and self.end <= (self.start or 0.0):
            raise InputError(
                f"end is {self.end:g}, but start is {self.start or 0.0:g}: expected an end after it"
            )

    def utterance(self) -> Utterance:
        """The clip as extractors take it, which decode it as they decode a corpus."""
        return Utterance(
            utterance="clip",
            audio=self.audio,
            video=self.video,
            region=self.region,
            start=self.start,
            end=self.end,
            text=self.text,
            audio_is_cut=False,
        )


@contextmanager
def open_clip(
    *files: str | Path,
    text: str = "",
    region: str = "",
    start: float | None = None,
    end: float | None = None,
) -> Iterator[Clip]:
    """Look into the files of one utterance and yield what can be used of them.

    Args:
        files: A video with or without sound, a recording of sound, a text (``.txt``, UTF-8).
        text: What is said, where no file says it.
        region: Part of the picture that shows the speaker.
        start: Seconds into the recordings at which the utterance starts.
        end: Seconds at which it ends.

    Raises:
        InputError: a file is not there or is none of these, two of them hold the same, or the times
            are none of a recording.
    """
    texts = [text] if text else []
    pictures, sounds = [], []
    for path in map(Path, files):
        if not path.is_file():
            raise InputError(f"{path} does not exist")
        if path.suffix.lower() == ".txt":
            texts.append(_read_text(path))
            continue
        has_pictures, has_sound = _streams(path)
        pictures += [path] * has_pictures
        sounds += [path] * has_sound
    # a recording of its own goes before the sound of a video
    sounds = [path for path in sounds if path not in pictures] or sounds
    for kind, given in (("pictures", pictures), ("sound", sounds), ("a text", texts)):
        if len(given) > 1:
            raise InputError(
                f"{' and '.join(map(str, given))} both contain {kind}; give one of them"
            )
    audio, video = (next(iter(paths), None) for paths in (sounds, pictures))
    yield Clip(audio, video, "".join(texts), region, start, end)


def _streams(path: Path) -> tuple[bool, bool]:
    """Whether a file has pictures, and whether it has sound."""
    try:
        with open_recording(path) as container:
            has_pictures, has_sound = (
                bool(tracks_of(container, kind)) for kind in ("video", "audio")
            )
    except UtteranceError as error:
        raise InputError(
            f"{path} cannot be decoded as video or audio ({error}); the name of a text file must "
            "end in .txt"
        ) from error
    if not has_pictures and not has_sound:
        raise InputError(f"{path} has neither pictures nor sound")
    return has_pictures, has_sound


def _read_text(path: Path) -> str:
    if path.stat().st_size > _LONGEST_TEXT:
        raise InputError(
            f"{path} has more than {_LONGEST_TEXT} bytes, too many for the text of an utterance"
        )
    text, remarks = decode(path.read_bytes(), path)
    for line, remark in remarks:
        log.warning("%s, line %d: %s", path, line, remark)
    return text.strip()
