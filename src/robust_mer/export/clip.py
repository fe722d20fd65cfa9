"""A clip that somebody brings: a video with or without sound, a recording, a text."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import soundfile
from av.stream import Disposition

from robust_mer.encodings import decode
from robust_mer.errors import InputError
from robust_mer.features.utterance import Utterance
from robust_mer.files import naming
from robust_mer.jobs import log

_LONGEST_TEXT = 1_000_000  # bytes of a text file


@dataclass(frozen=True)
class Clip:
    """What there is of an utterance; start and end in seconds into the recordings."""

    audio: Path | None = None
    video: Path | None = None
    text: str = ""
    region: str = ""  # part of the picture that shows the speaker, as in the index
    start: float | None = None
    end: float | None = None

    def utterance(self) -> Utterance:
        """The clip as extractors take it."""
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

    Sound is decoded into a temporary file, which lasts as long as the block.

    Args:
        files: A video with or without sound, a recording of sound, a text (``.txt``, UTF-8).
        text: What is said, where no file says it.
        region: Part of the picture that shows the speaker.
        start: Seconds into the recordings at which the utterance starts.
        end: Seconds at which it ends.

    Raises:
        InputError: a file is not there or is none of these, or two of them hold the same.
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
    for kind, found in (("pictures", pictures), ("sound", sounds), ("a text", texts)):
        if len(found) > 1:
            raise InputError(
                f"{' and '.join(map(str, found))} both contain {kind}; give one of them"
            )
    with TemporaryDirectory(prefix="robust-mer-") as folder:
        sound = None
        if sounds:
            sound = Path(folder) / "sound.wav"
            _decode_sound(sounds[0], sound)
        yield Clip(sound, pictures[0] if pictures else None, "".join(texts), region, start, end)


def _streams(path: Path) -> tuple[bool, bool]:
    """Whether a file has pictures, and whether it has sound."""
    try:
        with av.open(str(path)) as container:
            has_pictures = any(
                not stream.disposition & Disposition.attached_pic  # an album's cover
                for stream in container.streams.video
            )
            has_sound = bool(container.streams.audio)
    except (av.FFmpegError, ValueError) as error:
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


def _decode_sound(path: Path, to: Path) -> None:
    """Write the first track of sound as it is, float32, at its own rate and channels."""
    with naming(path, "sound that can be decoded"), av.open(str(path)) as container:
        stream = container.streams.audio[0]
        rate, channels = stream.rate, stream.channels
        convert = av.AudioResampler("fltp", layout=stream.layout, rate=rate)
        with soundfile.SoundFile(to, "w", rate, channels, "FLOAT") as file:
            for decoded in (*container.decode(stream), None):  # None empties the resampler
                for frame in convert.resample(decoded):
                    file.write(np.ascontiguousarray(frame.to_ndarray().T))
