"""Recordings as FFmpeg reads them: their tracks, their clock, and packets that are damaged."""

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import av
from av.stream import Disposition

from robust_mer.errors import UtteranceError
from robust_mer.recordings import describe_contents

Kind = Literal["audio", "video"]

# Formats that give every packet its own time. In others, such as MPEG-PS and mp3, times are guessed
# where a seek lands.
_SEEKABLE = {"mov", "matroska", "avi", "mpegts", "flv", "asf"}


def open_recording(path: Path, **options: str) -> Any:
    """Open a recording of any format that FFmpeg knows.

    Raises:
        UtteranceError: it is none, with what the file is and what to do about it.
    """
    # With its protocol, no name of a file is taken for a list of files or for an address.
    options |= {"protocol_whitelist": "file"}
    try:
        return av.open(f"file:{path}", options=options, metadata_errors="ignore")
    except (av.FFmpegError, ValueError) as error:
        reason = describe_contents(path) or getattr(error, "strerror", None) or str(error)
        raise UtteranceError(reason) from error


def tracks_of(container: Any, kind: Kind) -> list[Any]:
    """The tracks of pictures or sound, the one to use first: the first that is marked as default.

    The cover of an album is no track of pictures.
    """
    tracks = [
        track
        for track in getattr(container.streams, kind)
        if not track.disposition & Disposition.attached_pic
    ]
    return sorted(tracks, key=lambda track: not track.disposition & Disposition.default)


def beginning(container: Any) -> float:
    """The time of the container that counts as 0 s, for pictures and sound alike.

    It is where the first of its tracks starts. What an encoder puts before 0 s is not played.
    """
    start = container.start_time
    return max(start / av.time_base, 0.0) if start is not None else 0.0


def length_of(container: Any) -> float:
    """Seconds that a recording lasts, which is read to its end if its header does not say.

    Browsers write such recordings, because they do not know the length when they begin.
    """
    if container.duration:
        return float(container.duration) / av.time_base
    end = 0.0
    with suppress(av.FFmpegError):  # cut off: as far as it goes
        for packet in container.demux():
            if (ticks := ticks_of(packet)) is not None:
                end = max(end, float((ticks + (packet.duration or 0)) * packet.time_base))
    return max(0.0, end - beginning(container))


def can_seek(container: Any) -> bool:
    """Whether the times after a seek are those of the file; else it is read from its start."""
    return not _SEEKABLE.isdisjoint(container.format.name.split(","))


class Decoder:
    """Decodes a track packet by packet, and goes on after a packet that is damaged.

    Args:
        container: An open recording.
        track: One of its tracks.

    Attributes:
        damaged: How many packets could not be decoded.
        damaged_at: The latest time of such a packet, in the track's ticks; None if there is none.
        latest: The packet that is shown last, of those that are read.
    """

    def __init__(self, container: Any, track: Any) -> None:
        self._container, self._track = container, track
        self.damaged = 0
        self.damaged_at: int | None = None
        self.latest: Any = None
        with suppress(RuntimeError):  # the codec is open already
            track.codec_context.thread_count = 1  # the extraction's processes fill the cores

    def __iter__(self) -> Iterator[Any]:
        latest = -math.inf
        for packet in packets_of(self._container, self._track):
            if (ticks := ticks_of(packet)) is not None and ticks > latest and not packet.is_discard:
                latest, self.latest = ticks, packet
            try:
                frames = packet.decode()
            except av.FFmpegError:
                if packet.size:  # else it only empties the decoder
                    self.damaged += 1
                    self.damaged_at = max(self.damaged_at or 0, ticks_of(packet) or 0)
                continue
            yield from frames


def packets_of(container: Any, track: Any) -> Iterator[Any]:
    """The packets of a track as far as the file goes; the last one, empty, empties a decoder."""
    packets = container.demux(track)
    while True:
        try:
            yield next(packets)
        except (StopIteration, av.FFmpegError):
            return


def ticks_of(packet: Any) -> int | None:
    """When a packet is shown; in files that do not say so, when it is decoded."""
    ticks: int | None = packet.pts if packet.pts is not None else packet.dts
    return ticks
