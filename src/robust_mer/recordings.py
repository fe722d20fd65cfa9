"""What the bytes of a recording say without a decoder: what it is, and which sizes to believe."""

import struct
from pathlib import Path
from typing import BinaryIO

from robust_mer.mistaken import mistaken_for

_LOOKED_AT = 4096  # bytes at the beginning of a file
_CONVERT = "convert it, e.g. ffmpeg -i {name} {stem}{suffix}"

# Beginnings of files that are no recordings, and what to do about them.
_OTHERS = (
    (b"PK\x03\x04", "a zip archive: unpack it"),
    (b"\x00\x05\x16\x07", "an AppleDouble file (._name) of macOS, not the recording: remove it"),
    (b"%PDF", "a PDF document, not a recording"),
    (b"\x89PNG", "a picture (PNG), not a recording"),
    (b"\xff\xd8\xff", "a picture (JPEG), not a recording"),
    (b"\x89HDF", "an HDF5 file, not a recording"),
    (b"\x93NUMPY", "an array of numpy, not a recording"),
)
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_CHUNKS = {b"LIST", b"id3 ", b"ID3 ", b"fact", b"cue ", b"bext", b"iXML", b"_PMX", b"JUNK", b"PAD "}
_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"styp", b"sidx"}


def describe_contents(path: Path) -> str:
    """What a file that cannot be decoded is, and what to do about it; "" where that is unknown."""
    if mistake := mistaken_for(path):
        return mistake
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_LOOKED_AT)
        if not head.strip(b"\0"):
            return "the file begins with zeros only: its copy is damaged, get it again"
        for beginning, meaning in _OTHERS:
            if head.startswith(beginning):
                return f"the file is {meaning}"
        if _is_text(head):
            first = head.decode("utf-8", "replace").strip().splitlines()[0][:60]
            return f"the file is text ({first!r}), not a recording: get the recording itself"
        if head[4:8] in _BOXES and not _has_index(file, size):
            return (
                "the file breaks off before its index (moov): the download or the recording did "
                "not finish; get it again"
            )
    if is_cut_off(path):
        return "the file breaks off before the end that its header gives; get it again"
    return ""


def advise_conversion(path: Path, suffix: str) -> str:
    """The command that converts a file into another format."""
    return _CONVERT.format(name=path.name, stem=path.stem, suffix=suffix)


def is_cut_off(path: Path) -> bool:
    """Whether a file is shorter than its container (RIFF, ISO 14496-12, Matroska) says."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_LOOKED_AT)
        if head[:4] in (b"RIFF", b"FORM") and len(head) > 8:
            (length,) = struct.unpack("<I" if head[:4] == b"RIFF" else ">I", head[4:8])
            return 0 < length < 0x7FFF_0000 and length + 8 > size + 1
        if head.startswith(_EBML):
            return _matroska_end(head) > size
        if head[4:8] not in _BOXES:
            return False
        *_, (_, end) = _boxes(file, size)
        return end > size


def _matroska_end(head: bytes) -> int:
    """Where the segment of a Matroska file ends; 0 where it does not say."""
    place = head.find(_SEGMENT) + len(_SEGMENT)
    if place < len(_SEGMENT) or place + 8 > len(head):
        return 0
    width = 9 - head[place].bit_length()  # the number of leading zeros tells the size's width
    length = int.from_bytes(head[place : place + width]) & ((1 << 7 * width) - 1)
    is_unknown = length == (1 << 7 * width) - 1
    return 0 if is_unknown else place + width + length


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # a character may be cut at the end
            return False
        text = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character.isspace() for character in text)


def _has_index(file: BinaryIO, size: int) -> bool:
    return any(kind in (b"moov", b"moof") for kind, _ in _boxes(file, size))


def _boxes(file: BinaryIO, size: int) -> list[tuple[bytes, int]]:
    """Kind and end of the outermost boxes of an mp4 file."""
    boxes, start = [(b"", 0)], 0
    while start + 8 <= size:
        file.seek(start)
        header = file.read(16)
        length, kind = struct.unpack(">I4s", header[:8])
        if length == 1 and len(header) == 16:
            (length,) = struct.unpack(">Q", header[8:])
        elif length == 0:
            length = size - start
        if length < 8:
            break
        start += length
        boxes.append((kind, start))
    return boxes


def wav_sizes(path: Path) -> tuple[int, int] | None:
    """Bytes of sound that a wav file promises and that it has, if it has more than promised.

    A recorder that was killed never wrote the sizes, or wrote those of some seconds ago: sound
    follows where the next chunk should begin.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        start = 12
        while start + 8 <= size:
            file.seek(start)
            kind, length = struct.unpack("<4sI", file.read(8))
            start += 8
            if kind == b"data":
                # Not all writers pad a chunk of odd length.
                followers = {_is_chunk(file, start + length + pad, size) for pad in (0, length % 2)}
                return None if True in followers else (length, size - start)
            start += length + length % 2
    return None


def _is_chunk(file: BinaryIO, start: int, size: int) -> bool:
    """Whether a chunk of RIFF, zeros or nothing stand at a place of a file."""
    file.seek(min(start, size))
    head = file.read(8)
    if len(head) < 8 or not head.strip(b"\0"):
        return True
    kind, length = struct.unpack("<4sI", head)
    is_named = all(32 <= byte < 127 for byte in kind)
    return is_named and (kind in _CHUNKS or start + 8 + length <= size + 1)


def mp3_is_whole(path: Path) -> bool:
    """Whether an mp3 file says how long it is, and says it of the whole file.

    The first frame of most files holds a table (``Xing`` or ``Info``) with the number of frames and
    of bytes. Without it, or where two files were joined, a length is a guess by the bit rate of the
    first frames.
    """
    with path.open("rb") as file:
        start = 0
        head = file.read(10)
        while len(head) == 10 and head[:3] == b"ID3":
            size = sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
            start += 10 + size
            file.seek(start)
            head = file.read(10)
        file.seek(start)
        frame = file.read(200)
        place = max(frame.find(b"Xing"), frame.find(b"Info"))
        if place < 0 or len(frame) < place + 16:
            return False
        flags, _, length = struct.unpack(">III", frame[place + 4 : place + 16])
        if not flags & 1:
            return False
        if not flags & 2:
            return True
        file.seek(start + length)
        following = file.read(3)
    return following != b"ID3" and following[:1] != b"\xff"
