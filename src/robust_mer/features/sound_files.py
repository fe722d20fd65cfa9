"""Files with sound, block by block: the one place that decides which library decodes a file.

The rule: libsndfile reads what it reads right, which are wav, flac, aiff, ogg and mp3 files of a
known length. FFmpeg reads everything else: the sound of videos and m4a files, mp3 files that do not
say how long they are, wav files whose sizes were never written, and what is left of damaged files.
Both give the same samples, bit for bit, of wav, flac and aiff files; those of mp3 and ogg files
differ by rounding.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

from robust_mer.errors import UtteranceError
from robust_mer.features import soundtrack
from robust_mer.features.soundtrack import SoundTrack
from robust_mer.recordings import mp3_is_whole, wav_sizes

# What libsndfile says of a file that ends before its header promises, in bytes. Programs that write
# to a pipe cannot know the size and write the largest number.
_CUT_OFF = re.compile(r"(?:data|SSND) : (\d+) \(should be (\d+)\)")
_UNKNOWN_SIZE = 0x7FFF_0000
_MANY = 1 << 48  # frames that no file has: its length is unknown


class SoundFile(Protocol):
    """A file with sound."""

    rate: int
    channels: int
    promised: int | None
    """Frames by its header; None where that is unknown."""
    late: float
    """Seconds that the sound starts after the frames that were asked for."""
    notes: list[str]
    """What differs from what the file promises; complete after the last block."""

    def blocks(self, first: int, last: int | None) -> Iterator[np.ndarray]:
        """Frames [n, channels] float32 of at most `BLOCK`, from ``first`` to ``last`` or the end.

        Raises:
            UtteranceError: the file cannot be decoded.
        """


def open_sound(path: Path) -> SoundFile:
    """A file with sound, to be read by the library that reads it right.

    Raises:
        UtteranceError: no library can, with what the file is.
    """
    sizes = wav_sizes(path)
    try:
        file = SndFile(path)
    except soundfile.LibsndfileError as error:
        try:
            return SoundTrack(path)
        except UtteranceError as failure:
            raise UtteranceError(f"audio cannot be decoded: {failure}") from error
    is_known = sizes is None and (file.format != "MP3" or mp3_is_whole(path))
    return file if is_known else SoundTrack(path, sizes)


class SndFile:
    """A file that libsndfile reads."""

    late = 0.0

    def __init__(self, path: Path) -> None:
        self._path = path
        with soundfile.SoundFile(path) as file:
            self.rate, self.channels, self.format = file.samplerate, file.channels, file.format
            self.promised: int | None = _promised_frames(file)
        self.notes: list[str] = []

    def blocks(self, first: int, last: int | None) -> Iterator[np.ndarray]:
        """See `SoundFile`."""
        given = 0
        try:
            for block in self._blocks(first, last):
                given += len(block)
                yield block
        # ValueError is soundfile's, if a damaged file is read beyond its end
        except (soundfile.LibsndfileError, ValueError) as error:
            yield from self._rest(first + given, last, error)

    def _blocks(self, first: int, last: int | None) -> Iterator[np.ndarray]:
        with soundfile.SoundFile(self._path) as file:
            last = self.promised if last is None else last
            frames = _MANY if last is None else max(last - first, 0)
            ahead = min(first, file.frames)
            if file.seekable():
                file.seek(ahead)
            else:
                while ahead and len(passed := file.read(min(soundtrack.BLOCK, ahead))):
                    ahead -= len(passed)
            there = file.frames - first
            while frames and len(block := _read(file, asked := min(soundtrack.BLOCK, frames))):
                if len(block) < min(asked, there) and file.format == "OGG":
                    # It skips damaged pages: the next block would not follow this one.
                    raise ValueError("pages of its sound are damaged")
                frames -= len(block)
                there -= len(block)
                yield block

    def _rest(self, first: int, last: int | None, error: Exception) -> Iterator[np.ndarray]:
        """What FFmpeg still reads of a file that libsndfile gave up."""
        try:
            track = SoundTrack(self._path)
            yield from track.blocks(first, last)
        except UtteranceError:
            reason = getattr(error, "error_string", None) or str(error)
            raise UtteranceError(
                f"audio cannot be decoded: {reason or 'its data are damaged or cut off'}"
            ) from error
        self.notes += track.notes


def _read(file: soundfile.SoundFile, frames: int) -> np.ndarray:
    block: np.ndarray = file.read(frames, dtype="float32", always_2d=True)
    return block


def _promised_frames(file: soundfile.SoundFile) -> int | None:
    """Frames of a file by its header, where that is known: libsndfile counts what is left of it."""
    cut_off = _CUT_OFF.search(file.extra_info)
    if file.frames > _MANY:
        return None
    if cut_off is None or int(cut_off[1]) >= _UNKNOWN_SIZE or not int(cut_off[2]):
        return file.frames
    return round(file.frames * int(cut_off[1]) / int(cut_off[2]))
