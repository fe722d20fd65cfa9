"""The audio of an utterance: decoded, cut out, at one sample rate."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soxr

from robust_mer.errors import UtteranceError
from robust_mer.features.sound import SoundLevels, SoundSettings
from robust_mer.features.sound_files import SoundFile, open_sound
from robust_mer.features.soundtrack import LONGEST_SILENCE
from robust_mer.features.utterance import Utterance

SAMPLE_RATE = 16_000  # Hz

_RATES = 1000, 1_000_000  # Hz; beyond them lies no recording of a voice
_JUST = 0.01  # seconds that are not worth a word
_MAY_LACK = 0.5  # seconds that a recording may lack at either end; annotators round
_DEFAULT = SoundSettings()


@dataclass(frozen=True)
class Audio:
    """The sound of an utterance as an extractor receives it."""

    signal: np.ndarray  # mono, 16 kHz, float32 [samples] that fit 16 bits
    note: str  # how it differs from what was recorded; "" where it does not

    @property
    def seconds(self) -> float:
        """Its duration."""
        return len(self.signal) / SAMPLE_RATE


def decode_audio(utterance: Utterance, settings: SoundSettings = _DEFAULT) -> Audio:
    """The utterance's audio as it is received.

    Every acoustic extractor reads through here, so that a corruption of recordings reaches it.
    Channels are averaged, other sample rates converted by soxr, samples beyond full scale limited;
    what of this was done stands in the note.

    Args:
        utterance: Whose audio.
        settings: What counts as sound.

    Raises:
        NothingError: it is silent.
        UtteranceError: it is missing, cannot be decoded, is clipped, or ends before the utterance,
            or what its header says, does.
    """
    signal, levels, notes = _decoded(utterance, settings)
    remarks = levels.check(settings)
    return Audio(signal, "; ".join(dict.fromkeys(notes + remarks)))


def read_audio(utterance: Utterance) -> np.ndarray:
    """The signal alone, whatever it is like: mono, 16 kHz, float32 [samples] that fit 16 bits.

    Raises:
        UtteranceError: as `decode_audio`, but neither silence nor clipping is an error.
    """
    return _decoded(utterance, _DEFAULT)[0]


def _decoded(
    utterance: Utterance, settings: SoundSettings
) -> tuple[np.ndarray, SoundLevels, list[str]]:
    """Signal, what it was like before a corruption of recordings, and what was done to it."""
    path = utterance.file("audio")
    start, end = (None, None) if utterance.audio_is_cut else (utterance.start, utterance.end)
    sound = open_sound(path)
    rate, channels = sound.rate, sound.channels
    if not _RATES[0] <= rate <= _RATES[1]:
        raise UtteranceError(f"audio cannot be decoded: its header says {rate} Hz")
    first = round((start or 0) * rate)
    last = None if end is None else max(round(end * rate), first)
    signal, read, levels = _converted(sound, first, last)
    notes = [f"{channels} channels averaged"] * (channels > 1)
    if (channel := levels.loudest(settings.max_cancelled)) is not None:
        signal, *_ = _converted(sound, first, last, channel)
        notes = [f"channels cancel each other: only number {channel + 1} of {channels} is used"]
    late = sound.late
    lacking = _lacking(sound, first, last, read, is_part=start is not None or end is not None)
    if late >= _JUST:
        notes.append(f"starts late: {late:.2f} s of silence")
        signal = np.concatenate([np.zeros(round(late * SAMPLE_RATE), np.float32), signal])
    if not np.isfinite(signal).all():
        raise UtteranceError("audio holds samples that are not numbers")
    beyond = np.count_nonzero(np.abs(signal) > 1)
    notes += [f"recorded at {rate} Hz: nothing above {rate // 2} Hz"] * (rate < SAMPLE_RATE)
    notes += [f"beyond full scale: {beyond} samples limited"] * bool(beyond)
    notes += sound.notes
    notes += [f"ends early: {lacking:.2f} s"] * (lacking >= _JUST)
    if utterance.alter_audio is not None:
        signal = utterance.alter_audio(_limited(signal), SAMPLE_RATE)
    return _limited(signal), levels, notes


def _lacking(sound: SoundFile, first: int, last: int | None, read: int, is_part: bool) -> float:
    """Seconds by which the sound ends early.

    Raises:
        UtteranceError: they are too many, or those by which it starts after its part of the
            recording.
    """
    late = sound.late
    promised = sound.promised if last is None else last
    expected = read if promised is None else promised - first
    lacking = max((expected - read) / sound.rate - late, 0)
    if not read and late:
        raise UtteranceError(
            f"no audio in this part: the sound starts {late:.2f} s after the utterance does"
        )
    if late > (_MAY_LACK if is_part else LONGEST_SILENCE):
        raise UtteranceError(f"audio too short: it starts {late:.2f} s late")
    if lacking > _MAY_LACK:
        raise UtteranceError(f"audio too short: it ends {lacking:.2f} s early")
    if not read:
        raise UtteranceError("audio too short: it is empty")
    return lacking


def _converted(
    sound: SoundFile, first: int, last: int | None, channel: int | None = None
) -> tuple[np.ndarray, int, SoundLevels]:
    """Frames of a file, mono at 16 kHz, how many there were in the file, and what they are like.

    Args:
        sound: The file.
        first: The first frame.
        last: The frame after the last; None for all.
        channel: The channel to use; None for the average of all.
    """
    levels = SoundLevels(sound.channels)
    parts, stream, read = [], None, 0  # no room for what a header promises: it may be any number
    if sound.rate != SAMPLE_RATE:
        stream = soxr.ResampleStream(sound.rate, SAMPLE_RATE, 1, dtype="float32")
    for block, is_last in _with_last(sound.blocks(first, last)):
        mono = block.mean(axis=1) if channel is None else np.ascontiguousarray(block[:, channel])
        levels.add(block, mono)
        read += len(block)
        parts.append(mono if stream is None else stream.resample_chunk(mono, last=is_last))
    return np.concatenate([*parts, np.zeros(0, np.float32)]), read, levels


def _with_last(blocks: Iterator[np.ndarray]) -> Iterator[tuple[np.ndarray, bool]]:
    """Every block, and whether it is the last."""
    held = next(blocks, None)
    for following in blocks:
        assert held is not None
        yield held, False
        held = following
    if held is not None:
        yield held, True


def _limited(signal: np.ndarray) -> np.ndarray:
    # openSMILE's Python interface converts to 16 bits without a limit: a sample of 1.0 wraps to -1.
    return np.clip(signal, -1, 32767 / 32768).astype(np.float32, copy=False)
