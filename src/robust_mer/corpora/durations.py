"""How long a recording is, by its header alone."""

import struct
from pathlib import Path
from typing import BinaryIO

_AUDIO = {".wav", ".flac", ".mp3"}


def duration(path: Path) -> float | None:
    """Seconds that the header of a recording promises; None where it does not tell.

    Reads wav, flac and mp3 (through libsndfile), avi (RIFF) and mp4 and mov (ISO 14496-12). A
    broken or empty file is the extractors' to report.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in _AUDIO:
            return _audio(path)
        with path.open("rb") as file:
            if suffix == ".avi":
                return _avi(file)
            return _mp4(file, path.stat().st_size) if suffix in (".mp4", ".mov", ".m4a") else None
    except (OSError, RuntimeError, struct.error, ZeroDivisionError):
        return None


def _audio(path: Path) -> float | None:
    import soundfile

    info = soundfile.info(path)
    return info.frames / info.samplerate if info.frames else None


def _avi(file: BinaryIO) -> float | None:
    """Frames and their duration stand in the main header, which comes first."""
    head = file.read(4096)
    place = head.find(b"avih")
    if head[:4] != b"RIFF" or place < 0:
        return None
    microseconds, *_, frames = struct.unpack_from("<5I", head, place + 8)
    # a recording beyond 1 GB has the count of all its pieces here
    extended = head.find(b"dmlh")
    if extended >= 0:
        (frames,) = struct.unpack_from("<I", head, extended + 8)
    return microseconds * frames / 1e6 or None


def _mp4(file: BinaryIO, end: int) -> float | None:
    """Timescale and duration of ``mvhd`` in ``moov``."""
    box = _find(file, b"moov", 0, end)
    box = box and _find(file, b"mvhd", *box)
    if not box:
        return None
    file.seek(box[0])
    if file.read(4)[0] == 1:
        scale, ticks = struct.unpack(">16xIQ", file.read(28))
    else:
        scale, ticks = struct.unpack(">8xII", file.read(16))
    return ticks / scale or None


def _find(file: BinaryIO, kind: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Content of the first box of a kind between two places of the file."""
    while start + 8 <= end:
        file.seek(start)
        size, name = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            header = 16
        size = size or end - start
        if size < header:
            return None
        if name == kind:
            return start + header, start + size
        start += size
    return None
