"""The files of a folder, and what their headers say. Nothing is decoded."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robust_mer.corpora.durations import duration
from robust_mer.encodings import decode
from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.media import open_recording, tracks_of
from robust_mer.recordings import describe_contents

_SUFFIXES = {
    "audio": {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".aif", ".aiff", ".wma"},
    "video": {
        *(".mp4", ".avi", ".mov", ".mkv", ".webm", ".flv", ".mpg", ".mpeg", ".m4v", ".wmv"),
        ".3gp",
    },
    "text": {".txt"},
}
_SECOND = 1_000_000  # of FFmpeg's clock


@dataclass(frozen=True)
class Clip:
    """A file of an utterance."""

    path: str
    """Relative to the folder, with slashes."""
    kind: str
    """``audio``, ``video`` or ``text``: what it holds, whatever its name says."""
    seconds: float | None = None
    """None where its header does not say."""
    sample_rate: int | None = None
    """Hz; None without sound."""
    pictures_per_second: float | None = None
    """None without pictures."""
    text: str = ""
    problem: str = ""
    """Why it cannot be read."""

    @property
    def stem(self) -> str:
        """The path without suffix."""
        return self.path.removesuffix(Path(self.path).suffix)


def list_files(folder: Path) -> Iterator[tuple[str, str]]:
    """(path, kind) of all files, in the order of their paths; kind "" if it is no clip's.

    Links to folders are followed, hidden files and folders left out.
    """
    visited = set()
    for top, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        real = os.path.realpath(top)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        for name in sorted(names):
            if not name.startswith("."):
                path = Path(top, name)
                suffix = path.suffix.lower()
                kinds = [kind for kind, suffixes in _SUFFIXES.items() if suffix in suffixes]
                yield path.relative_to(folder).as_posix(), kinds[0] if kinds else ""


def look_at(folder: Path, path: str, kind: str) -> Clip:
    """What the header of a clip says, or the words of a text."""
    file = folder / path
    if not _is_utf8(path):
        name = path.encode("utf-8", "replace").decode()
        return Clip(name, kind, problem="its name is not UTF-8; rename it")
    try:
        if kind == "text":
            return Clip(path, kind, text=" ".join(decode(file.read_bytes(), file).text.split()))
        container = open_recording(file)
    except (UtteranceError, InputError, OSError) as error:
        return Clip(path, kind, problem=str(error).removeprefix(f"{file}, ").strip())
    with container:
        sound, pictures = tracks_of(container, "audio"), tracks_of(container, "video")
        if not pictures and not (sound and sound[0].codec_context and sound[0].rate):
            reason = describe_contents(file) or "it has neither sound nor pictures"
            return Clip(path, kind, problem=reason)
        return Clip(
            path,
            kind="video" if pictures else "audio",
            seconds=_seconds(file, container),
            sample_rate=(sound[0].rate or None) if sound and sound[0].codec_context else None,
            pictures_per_second=_rate(pictures[0]) if pictures else None,
        )


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _seconds(file: Path, container: Any) -> float | None:
    if (seconds := duration(file)) is not None:
        return seconds
    return container.duration / _SECOND if container.duration else None


def _rate(track: Any) -> float | None:
    return float(track.average_rate or track.guessed_rate or 0) or None
