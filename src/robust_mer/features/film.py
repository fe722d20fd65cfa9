"""The pictures of a video file in the order of their times, from any time on."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from robust_mer.errors import UtteranceError
from robust_mer.features.media import (
    Decoder,
    beginning,
    can_seek,
    open_recording,
    packets_of,
    ticks_of,
    tracks_of,
)
from robust_mer.recordings import advise_conversion

_BACK = 0.0, 2.0, 10.0, 60.0  # seconds before a time from which decoding is tried, one by one
_SQUARE = 0.01  # difference of a pixel's sides that is rounding
_SIDES = 0.25, 4.0  # shapes of a pixel; beyond them, a header is wrong
_USUAL = 300.0  # pictures per second; browsers write the ticks of their clock as the rate


@dataclass
class Picture:
    """A picture of a film; it is converted only where it is used."""

    time: float
    """Seconds from the beginning of the recording at which it appears."""
    end: float
    """When it goes, as far as the file tells."""
    frame: Any
    converter: VideoReformatter
    """Of the whole film: to set one up takes as long as to convert a small picture."""

    @property
    def is_on_its_side(self) -> bool:
        """Whether the file stores it turned by a quarter, so that width and height change."""
        return self.frame.rotation % 180 != 0

    def pixels(self) -> np.ndarray:
        """BGR uint8 [height, width, 3], upright, as the file stores them."""
        frame = self.converter.reformat(self.frame, format="bgr24", interpolation="BICUBIC")
        return np.ascontiguousarray(np.rot90(frame.to_ndarray(), self.frame.rotation // 90))


class Film:
    """A file with pictures.

    Attributes:
        fps: Mean number of pictures per second.
        lost: Seconds of pictures that were lost to damaged packets in the last pass.
        lost_at: When the first of them should have been shown.
        distorted: When the last picture goes that hangs on a lost one.
        end: When the last picture goes by the times of the packets; complete after a pass.
        promised: When it goes by the header; None where that does not say.
        length: Duration of the longest track by the header; 0 where that does not say.

    Args:
        path: The file.

    Raises:
        UtteranceError: it cannot be decoded, or has no pictures.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        container, track = self._open()
        self._start = beginning(container)
        self.fps = float(track.average_rate or track.guessed_rate or 0)
        if not self.fps > 0:
            raise UtteranceError("video cannot be decoded: it has no frame rate")
        self._tick = float(track.time_base)
        if self.fps > _USUAL:
            self.fps = self._measured_rate(container, track) or self.fps
            container, track = self._open()
        # The pictures' own clock starts at their first one, which may come after the first sound.
        first = track.start_time
        self._origin = self._start if first is None else first * self._tick
        self.pixel = float(track.sample_aspect_ratio or 1)
        if abs(self.pixel - 1) < _SQUARE or not _SIDES[0] <= self.pixel <= _SIDES[1]:
            self.pixel = 1.0
        """Width of a pixel as a fraction of its height."""
        promised, length = track.duration, container.duration
        self.promised = None if promised is None else self._since(promised * self._tick)
        self.length = 0.0 if length is None else length / av.time_base
        self._container, self._track = container, track
        self._is_used = False
        self._converter = VideoReformatter()
        self.lost = self.lost_at = self.distorted = self.end = 0.0

    def _open(self) -> tuple[Any, Any]:
        try:
            container = open_recording(self._path)
        except UtteranceError as error:
            raise UtteranceError(f"video cannot be decoded: {error}") from error
        tracks = tracks_of(container, "video")
        if not tracks:
            raise UtteranceError("video cannot be decoded: the file has no pictures")
        track = tracks[0]
        if track.codec_context is None:
            raise UtteranceError(
                "video cannot be decoded: its codec is unknown; "
                + advise_conversion(self._path, "_h264.mp4")
            )
        return container, track

    def _measured_rate(self, container: Any, track: Any) -> float:
        """Pictures per second by the times of all packets; 0 where these do not say."""
        times = [ticks for p in packets_of(container, track) if (ticks := ticks_of(p)) is not None]
        container.close()
        if len(times) < 2 or max(times) == min(times):
            return 0.0
        return (len(times) - 1) / ((max(times) - min(times)) * self._tick)

    def _since(self, seconds: float) -> float:
        """Time from the beginning of the recording to a duration after its first picture."""
        return self._origin - self._start + seconds

    def find_end(self) -> float:
        """When the last picture goes, by the times of all packets: headers may tell anything."""
        container, track = self._fresh()
        last, end, number = -math.inf, 0.0, 0
        for packet in packets_of(container, track):
            if not packet.size or packet.is_discard:  # an edit list hides pictures
                continue
            number += 1
            if (ticks := ticks_of(packet)) is not None and ticks > last:
                last, end = ticks, self._end_of(packet, self._snapped(ticks))
        return end or self._since(number / self.fps)

    def pictures(self, time: float) -> Iterator[Picture]:
        """The pictures from the one on the screen at ``time`` on, or from an earlier one.

        Where a seek lands is verified by the time of the first picture that needs no other one. If
        it comes after ``time``, the next seek goes farther back, and the last reads from the start.
        """
        for back in _BACK:
            container, track = self._fresh()
            if time - back <= 0 or not can_seek(container):
                break
            place = round((time - back + self._start) / self._tick)
            try:
                container.seek(place, stream=track, backward=True)
            except av.FFmpegError:  # the format cannot do it
                break
            found = self._decoded(container, track, is_start=False)
            first = next(found, None)
            if first is not None and first.time <= time:
                yield first
                yield from found
                return
        yield from self._decoded(*self._fresh(), is_start=True)

    def _fresh(self) -> tuple[Any, Any]:
        """The file, at its start."""
        if self._is_used:
            self._container.close()
            self._container, self._track = self._open()
        self._is_used = True
        return self._container, self._track

    def _decoded(self, container: Any, track: Any, is_start: bool) -> Iterator[Picture]:
        """Pictures from the start, or from the first one after a seek that needs no other one.

        Pictures after a damaged one are used, as players do: the damage fades until the next key
        picture. A picture that stood still instead would be one from another time.
        """
        decoder = Decoder(container, track)
        self.lost = self.lost_at = self.distorted = 0.0
        last, damage, is_distorted = None, None, False
        for frame in decoder:
            if (last is None and not (is_start or frame.key_frame)) or frame.is_corrupt:
                continue
            if frame.pts is None and last is None and not is_start:
                return  # where a seek landed cannot be verified
            time = self._time(frame, last)
            if decoder.damaged_at != damage:
                self._lose(last, time)
                damage, is_distorted = decoder.damaged_at, True
            is_distorted = is_distorted and not frame.key_frame
            last = Picture(time, self._end_of(frame, time), frame, self._converter)
            self.end = last.end
            if is_distorted:
                self.distorted = self.end
            yield last
        if decoder.damaged and decoder.latest is not None:  # the last pictures may be lost
            ticks = ticks_of(decoder.latest) or 0
            end = self._end_of(decoder.latest, self._snapped(ticks))
            if end > self.end:
                self._lose(last, end)
                self.end = end

    def _lose(self, last: Picture | None, time: float) -> None:
        """Count the pictures as lost that should have been shown between ``last`` and a time."""
        gone = 0.0 if last is None else last.end
        if not self.lost:
            self.lost_at = gone
        self.lost += max(time - gone, 0.0)

    def _time(self, frame: Any, last: Picture | None) -> float:
        if frame.pts is not None:
            return self._snapped(frame.pts)
        return self._since(0.0) if last is None else last.time + 1 / self.fps

    def _end_of(self, shown: Any, time: float) -> float:
        """When a picture goes that comes at ``time``, by its frame or packet."""
        ticks = ticks_of(shown)
        if ticks is None or not shown.duration:
            return time + 1 / self.fps
        return self._snapped(ticks + shown.duration)

    def _snapped(self, ticks: int) -> float:
        """A time in seconds; a multiple of the frame rate if the file had to round it."""
        seconds = ticks * self._tick - self._origin
        number = round(seconds * self.fps)
        if abs(seconds - number / self.fps) <= self._tick / 2 * 1.001:
            seconds = number / self.fps
        return self._since(seconds)
