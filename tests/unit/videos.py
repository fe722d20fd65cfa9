"""Videos for the tests of visual features."""

import struct
from pathlib import Path

import cv2
import numpy as np
import skimage

from robust_mer.features.utterance import Utterance


def write(path: Path, pictures, fps: float = 10.0) -> Path:
    codec = {".avi": "MJPG", ".mp4": "mp4v"}[path.suffix]
    height, width = pictures[0].shape[:2]
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), fps, (width, height))
    for picture in pictures:
        video.write(picture)
    video.release()
    return path


def utterance(path: Path | None, start=None, end=None, region="", faces=None) -> Utterance:
    return Utterance("u", None, path, region, start, end, "", False, faces)


def astronaut() -> np.ndarray:
    """The astronaut's head, BGR [160, 160, 3], on her own background."""
    return np.ascontiguousarray(skimage.data.astronaut()[20:180, 140:300, ::-1])


def numbered(i: int) -> np.ndarray:
    """A picture with the binary digits of ``i`` as black and white bars."""
    bars = np.array([(i >> digit) & 1 for digit in range(7)], np.uint8) * 255
    return np.broadcast_to(np.repeat(bars, 16)[None, :, None], (64, 112, 3)).copy()


def number(picture: np.ndarray) -> int:
    bars = picture.reshape(64, 7, 16, 3).mean(axis=(0, 2, 3)) > 127
    return sum(1 << digit for digit in np.flatnonzero(bars))


_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def change_durations(path: Path, runs: list[tuple[int, float]]) -> Path:
    """Give the pictures of an .mp4 file other durations, so that its frame rate varies.

    ISO/IEC 14496-12, 8.6.1.2: the box ``stts`` holds runs of (pictures, duration).

    Args:
        path: A file with its pictures before its tables, as OpenCV writes it.
        runs: (pictures, factor by which their duration changes).
    """
    path.write_bytes(_rewritten(path.read_bytes(), runs))
    return path


def _rewritten(content: bytes, runs: list[tuple[int, float]]) -> bytes:
    boxes, place = [], 0
    while place < len(content):
        size, kind = struct.unpack(">I4s", content[place : place + 8])
        inside = content[place + 8 : place + size]
        if kind in _CONTAINERS:
            inside = _rewritten(inside, runs)
        elif kind == b"stts":
            (duration,) = struct.unpack(">I", inside[12:16])
            inside = inside[:4] + struct.pack(">I", len(runs))
            for count, factor in runs:
                inside += struct.pack(">II", count, round(duration * factor))
        boxes.append(struct.pack(">I4s", len(inside) + 8, kind) + inside)
        place += size
    return b"".join(boxes)
