"""Films and recordings that FFmpeg writes: containers, codecs and times as a test wants them."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

TICK = Fraction(1, 1000)
"""Of the times that are given."""


def write_film(
    path: Path,
    pictures: Sequence[np.ndarray],
    codec: str = "mpeg4",
    milliseconds: Sequence[int] | None = None,
    fps: int = 25,
    b_frames: int = 0,
    key_every: int = 250,
    container_options: dict[str, str] | None = None,
    sound: np.ndarray | None = None,
    **settings: object,
) -> Path:
    """Write BGR pictures with their times.

    Args:
        path: Its suffix names the container.
        pictures: uint8 [height, width, 3] each.
        codec: FFmpeg's name.
        milliseconds: When each picture appears; None: evenly, ``fps`` a second.
        fps: The frame rate that the file names.
        b_frames: Most pictures in a row that hang on a later one.
        key_every: A key picture after so many.
        container_options: For the muxer.
        sound: Mono at 16 kHz, for a track beside the pictures.
        settings: Attributes of the encoder.
    """
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = {"mjpeg": "yuvj420p", "ffv1": "bgr0"}.get(codec, "yuv420p")
        stream.gop_size = key_every
        stream.codec_context.max_b_frames = b_frames
        has_even_times = path.suffix in (".avi", ".mpg") or codec.startswith("mpeg2")
        if milliseconds is not None and not has_even_times:
            stream.codec_context.time_base = TICK
        if codec == "libx264":
            stream.options = {"preset": "ultrafast", "bf": str(b_frames), "sc_threshold": "0"}
        elif codec == "libx265":
            stream.options = {"preset": "ultrafast", "x265-params": "log-level=none"}
        elif codec.startswith("libvpx"):
            stream.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
            stream.codec_context.thread_count = 1
        else:
            stream.bit_rate = 4_000_000
            stream.options = {"sc_threshold": "1000000000"}  # no key pictures but those asked for
        for name, value in settings.items():
            setattr(stream.codec_context, name, value)
        if sound is not None:
            track = container.add_stream("aac", rate=16_000, layout="mono")
        for i, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            if milliseconds is not None and not has_even_times:
                frame.pts, frame.time_base = milliseconds[i], TICK
            else:
                frame.pts, frame.time_base = i, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            _write_sound(container, track, sound)
    return path


def _write_sound(container, track, sound: np.ndarray, start: int = 0) -> None:
    for first in range(0, len(sound), 1024):
        part = np.ascontiguousarray(sound[first : first + 1024].astype(np.float32)[None])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 16_000, start + first
        frame.time_base = Fraction(1, 16_000)
        container.mux(track.encode(frame))
    container.mux(track.encode(None))


def write_sound(
    path: Path,
    *sounds: np.ndarray,
    codec: str = "aac",
    starts: Sequence[float] = (0.0,),
    default: int = 0,
    pictures: Sequence[np.ndarray] = (),
) -> Path:
    """Write tracks of sound, mono at 16 kHz, after one of pictures (25 a second) if there are any.

    Args:
        path: Its suffix names the container.
        sounds: The samples of each track.
        codec: FFmpeg's name.
        starts: Seconds at which each track begins.
        default: Number of the track that is marked as default.
        pictures: BGR uint8.
    """
    with av.open(str(path), "w") as container:
        if pictures:
            stream = container.add_stream("mpeg4", rate=25)
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = "yuv420p"
        tracks = [container.add_stream(codec, rate=16_000, layout="mono") for _ in sounds]
        for number, track in enumerate(tracks):
            track.disposition = av.stream.Disposition.default if number == default else 0
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            container.mux(stream.encode(frame))
        if pictures:
            container.mux(stream.encode(None))
        for number, (track, sound) in enumerate(zip(tracks, sounds, strict=True)):
            start = starts[number] if number < len(starts) else 0.0
            _write_sound(container, track, sound, round(start * 16_000))
    return path
