"""The audio of an utterance: decoded, cut out, at one sample rate."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr

from robust_mer.errors import UtteranceError
from robust_mer.features.utterance import Utterance

SAMPLE_RATE = 16_000  # Hz

_RATES = 1000, 1_000_000  # Hz; beyond them lies no recording of a voice
_MAY_LACK = 0.5  # seconds that a recording may end before the index says; annotators round
BLOCK = 1 << 20  # frames decoded at a time, so that a long recording is never held at its own rate

# What libsndfile says of a file that ends before its header promises, in bytes. Programs that write
# to a pipe cannot know the size and put a largest number there.
_CUT_OFF = re.compile(r"(?:data|SSND) : (\d+) \(should be (\d+)\)")
_UNKNOWN_SIZE = 0x7FFF_0000


@dataclass(frozen=True)
class Audio:
    """The sound of an utterance as an extractor receives it."""

    signal: np.ndarray  # mono, 16 kHz, float32 [samples] that fit 16 bits
    note: str  # how it differs from what was recorded; "" where it does not

    @property
    def seconds(self) -> float:
        """Its duration."""
        return len(self.signal) / SAMPLE_RATE


def decode_audio(utterance: Utterance) -> Audio:
    """The utterance's audio as it is received.

    Every acoustic extractor reads through here, so that a corruption of recordings reaches it.
    Channels are averaged, other sample rates converted by soxr, samples beyond full scale limited;
    what of this was done stands in the note.

    Raises:
        UtteranceError: it is missing, cannot be decoded, or ends before the utterance, or what its
            header says, does.
    """
    path = utterance.file("audio")
    if not path.stat().st_size:
        raise UtteranceError("audio cannot be decoded: the file has no bytes")
    start, end = (None, None) if utterance.audio_is_cut else (utterance.start, utterance.end)
    try:
        with soundfile.SoundFile(path) as file:
            rate, channels = file.samplerate, file.channels
            if not _RATES[0] <= rate <= _RATES[1]:
                raise UtteranceError(f"audio cannot be decoded: its header says {rate} Hz")
            first = round((start or 0) * rate)
            last = _promised_frames(file) if end is None else round(end * rate)
            file.seek(min(first, file.frames))
            signal, read = _converted(file, max(last - first, 0))
    except soundfile.LibsndfileError as error:
        reason = error.error_string or "its data are damaged or cut off"
        raise UtteranceError(f"audio cannot be decoded: {reason}") from error
    except ValueError as error:  # soundfile's, where a damaged file is read behind its own end
        raise UtteranceError(f"audio cannot be decoded: {error}") from error
    lacking = max(last - first - read, 0) / rate
    if lacking > _MAY_LACK:
        raise UtteranceError(f"audio too short: it ends {lacking:.2f} s early")
    if not read:
        raise UtteranceError("audio too short: it is empty")
    if not np.isfinite(signal).all():
        raise UtteranceError("audio holds samples that are not numbers")
    beyond = np.count_nonzero(np.abs(signal) > 1)
    notes = [f"{channels} channels averaged"] * (channels > 1)
    notes += [f"recorded at {rate} Hz: nothing above {rate // 2} Hz"] * (rate < SAMPLE_RATE)
    notes += [f"beyond full scale: {beyond} samples limited"] * bool(beyond)
    notes += [f"ends early: {lacking:.2f} s"] * (lacking >= 0.01)
    if utterance.alter_audio is not None:
        signal = utterance.alter_audio(_limited(signal), SAMPLE_RATE)
    return Audio(_limited(signal), "; ".join(notes))


def read_audio(utterance: Utterance) -> np.ndarray:
    """The signal alone: mono, 16 kHz, float32 [samples] that fit 16 bits; see `decode_audio`."""
    return decode_audio(utterance).signal


def _promised_frames(file: soundfile.SoundFile) -> int:
    """Frames of a file by its header, where that is known: libsndfile counts what is left of it."""
    cut_off = _CUT_OFF.search(file.extra_info)
    if cut_off is None or int(cut_off[1]) >= _UNKNOWN_SIZE or not int(cut_off[2]):
        return file.frames
    return round(file.frames * int(cut_off[1]) / int(cut_off[2]))


def _converted(file: soundfile.SoundFile, frames: int) -> tuple[np.ndarray, int]:
    """The next frames, mono at 16 kHz, and how many there were in the file."""
    rate = file.samplerate
    parts, stream, read = [], None, 0  # no room for what a header promises: it may be any number
    if rate != SAMPLE_RATE:
        stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
    for block, is_last in _mono_blocks(file, frames):
        read += len(block)
        if stream is not None:
            block = stream.resample_chunk(block, last=is_last)
        parts.append(block)
    return np.concatenate(parts), read


def _mono_blocks(file: soundfile.SoundFile, frames: int) -> Iterator[tuple[np.ndarray, bool]]:
    is_last = False
    while not is_last:
        wanted = min(BLOCK, frames)
        block = file.read(wanted, dtype="float32", always_2d=True)
        frames -= len(block)
        is_last = len(block) < wanted or not frames
        yield block.mean(axis=1), is_last


def _limited(signal: np.ndarray) -> np.ndarray:
    # openSMILE's Python interface converts to 16 bits without a limit: a sample of 1.0 wraps to -1.
    return np.clip(signal, -1, 32767 / 32768).astype(np.float32, copy=False)
