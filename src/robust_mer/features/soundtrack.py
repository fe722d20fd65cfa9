"""The sound of a file as FFmpeg decodes it, placed by its times."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from robust_mer.errors import UtteranceError
from robust_mer.features.media import Decoder, beginning, can_seek, open_recording, tracks_of
from robust_mer.recordings import is_cut_off

BLOCK = 1 << 20  # frames decoded at a time, so that a long recording is never held at its own rate

LONGEST_SILENCE = 600.0  # seconds in a recording without sound; times in a file may be any

_BACK = 1.0, 10.0, 60.0  # seconds before a sample from which decoding is tried, one by one
_GAP = 0.25  # seconds without sound that are no jitter of a recorder's clock
_LOST = 0.01  # seconds without sound that a damaged packet explains
_SCALES = {"u8": 2.0**-7, "s16": 2.0**-15, "s32": 2.0**-31, "s64": 2.0**-63}


class SoundTrack:
    """The track of a file that is marked as default; see `robust_mer.features.sound_files`.

    A sample's place is its time from the beginning of the recording, which pictures count from too.
    Sound that is missing between others, because packets are damaged or nothing was recorded, is
    silence, so that what follows keeps its place.

    Args:
        path: The file.
        sizes: Bytes that the header of a wav file promises, and those that it has, where the header
            is not to be believed.

    Raises:
        UtteranceError: FFmpeg cannot decode the file, or it has no sound.
    """

    def __init__(self, path: Path, sizes: tuple[int, int] | None = None) -> None:
        self._path = path
        self._options = {} if sizes is None else {"ignore_length": "1"}
        container, track = self._open()
        self.rate, self.channels = track.codec_context.sample_rate, track.codec_context.channels
        self.notes = []
        if sizes is not None:
            self.notes = ["wrong sizes in its header: {} bytes promised, read {}".format(*sizes)]
        if (count := len(tracks_of(container, "audio"))) > 1:
            number = container.streams.audio.index(track) + 1
            self.notes.append(f"{count} tracks of sound: number {number}, the default one, is used")
        self.promised: int | None = None
        if track.duration is not None and is_cut_off(path):
            self.promised = round(float(track.duration * track.time_base) * self.rate)
        self.late = 0.0
        container.close()

    def _open(self) -> tuple[Any, Any]:
        container = open_recording(self._path, **self._options)
        tracks = tracks_of(container, "audio")
        if not tracks:
            raise UtteranceError("the file has no sound")
        if tracks[0].codec_context is None:
            raise UtteranceError("the codec of its sound is unknown")
        return container, tracks[0]

    def blocks(self, first: int, last: int | None) -> Iterator[np.ndarray]:
        """See `robust_mer.features.sound_files.SoundFile`."""
        parts: list[np.ndarray] = []
        held, place = 0, None
        for start, samples in self._placed(first):
            if place is None:
                if not first and last is None:
                    first = min(start, 0)  # the start of a stream is off by a packet in some files
                place = max(start, first)
                self.late = (place - first) / self.rate
            part = samples[max(first - start, 0) : None if last is None else max(last - start, 0)]
            parts.append(part)
            held += len(part)
            if held >= BLOCK:
                whole = np.concatenate(parts)
                full = held - held % BLOCK
                for begin in range(0, full, BLOCK):
                    yield whole[begin : begin + BLOCK]
                parts, held = [whole[full:]], held - full
            if last is not None and start + len(samples) >= last:
                break
        if place is None:
            raise UtteranceError("no sound can be decoded")
        if held:
            yield np.concatenate(parts)

    def _placed(self, first: int) -> Iterator[tuple[int, np.ndarray]]:
        """Samples [n, channels] with the place of the first, gaps filled; from ``first`` or before.

        Where a seek lands is verified by the time of the first sample; the last one reads from the
        start.
        """
        for back in _BACK:
            container, track = self._open()
            seconds = first / self.rate - back
            if seconds <= 0 or not can_seek(container):
                break
            place = round((seconds + beginning(container)) / float(track.time_base))
            try:
                container.seek(place, stream=track, backward=True)
            except av.FFmpegError:  # the format cannot do it
                break
            placed = self._filled(container, track)
            start, samples = next(placed, (first + 1, None))
            if samples is not None and start <= first:
                yield start, samples
                yield from placed
                return
        container, track = self._open()
        yield from self._filled(container, track)

    def _filled(self, container: Any, track: Any) -> Iterator[tuple[int, np.ndarray]]:
        zero, decoder = beginning(container), Decoder(container, track)
        place, lost, damage = None, 0, decoder.damaged
        for frame in decoder:
            samples = self._samples(frame)
            start = place or 0
            if frame.pts is not None:
                start = round((float(frame.pts * frame.time_base) - zero) * self.rate)
            place = start if place is None else place
            gap = start - place
            if gap > (_LOST if decoder.damaged > damage else _GAP) * self.rate:
                if gap > LONGEST_SILENCE * self.rate:
                    raise UtteranceError(
                        f"its times leave {gap / self.rate:.0f} s between two packets of sound"
                    )
                for begin in range(0, gap, BLOCK):
                    silence = np.zeros((min(BLOCK, gap - begin), self.channels), np.float32)
                    yield place + begin, silence
                place, lost, damage = start, lost + gap, decoder.damaged
            yield place, samples
            place += len(samples)
        if decoder.damaged or lost:
            self._note(decoder.damaged, lost / self.rate)

    def _note(self, damaged: int, seconds: float) -> None:
        if damaged:
            self.notes.append(f"damaged: {damaged} packets of sound, {seconds:.2f} s of silence")
        else:
            self.notes.append(f"gaps in the sound: {seconds:.2f} s of silence")

    def _samples(self, frame: Any) -> np.ndarray:
        """Samples [n, channels], float32, as libsndfile would scale them."""
        if frame.sample_rate != self.rate:
            raise UtteranceError(
                f"the sample rate changes from {self.rate} to {frame.sample_rate} Hz"
            )
        values = frame.to_ndarray()
        count = frame.layout.nb_channels
        values = values.T if frame.format.is_planar else values.reshape(-1, count)
        kind = frame.format.name.removesuffix("p")
        samples: np.ndarray = values.astype(np.float32)
        if kind == "u8":
            samples -= 128
        samples *= np.float32(_SCALES.get(kind, 1.0))
        if count != self.channels:  # within a stream, television changes to surround and back
            samples = np.repeat(samples.mean(axis=1, keepdims=True), self.channels, axis=1)
        return samples
