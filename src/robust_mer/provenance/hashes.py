"""Content hashes of files and folders, with a cache so that a large one is hashed once."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from robust_mer.files import sha256, whole

SNAKEMAKES_FLAG = ".snakemake_timestamp"
"""The file in which Snakemake keeps a folder's age; not part of the folder's content."""

_WORTH_REMEMBERING = 2**20  # bytes; hashing less is faster than a look-up on a network disk


@dataclass(frozen=True)
class Content:
    """Size, time and hash of a file or folder."""

    bytes: int
    mtime_ns: int  # of a folder: of its youngest file
    files: int | None  # how many a folder holds, on all levels; None of a file
    sha256: str


class Memory:
    """Remembers hashes between jobs, by size and modification time.

    A job that writes a file remembers its hash. The first job that reads the file hashes it again,
    because Snakemake touches outputs when a job ends. All others look it up.

    Args:
        folder: Of the remembered hashes.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def content(self, path: str | Path) -> Content:
        """Size, time and hash of a file or folder."""
        current = survey(path)
        if current.bytes < _WORTH_REMEMBERING:
            return current.hashed()
        place = self._place(path)
        with suppress(OSError, ValueError, KeyError, TypeError):
            remembered = json.loads(place.read_text(encoding="utf-8"))
            if remembered["stamp"] == current.stamp:
                return current.with_hash(remembered["sha256"])
        content = current.hashed()
        # optional: of two jobs that write it at once, one fails
        with suppress(OSError), whole(place) as unfinished:
            entry = {"stamp": current.stamp, "sha256": content.sha256}
            unfinished.write_text(json.dumps(entry), encoding="utf-8")
        return content

    def _place(self, path: str | Path) -> Path:
        key = hashlib.sha256(os.fsencode(path)).hexdigest()
        return self._folder / key[:2] / f"{key[2:32]}.json"


@dataclass(frozen=True)
class Survey:
    """What is known of a file or folder without reading it."""

    path: Path
    bytes: int
    mtime_ns: int
    members: list[str] | None  # of a folder: its files, sorted; None of a file
    stamp: str  # differs when any size or time differs

    def hashed(self) -> Content:
        """Read it all. A folder's hash is that of its files' sorted paths and hashes."""
        if self.members is None:
            return self.with_hash(sha256(self.path))
        digest = hashlib.sha256()
        for name in self.members:
            digest.update(os.fsencode(name) + b"\0" + sha256(self.path / name).encode() + b"\n")
        return self.with_hash(digest.hexdigest())

    def with_hash(self, digest: str) -> Content:
        """The content, given its hash."""
        files = None if self.members is None else len(self.members)
        return Content(self.bytes, self.mtime_ns, files, digest)


def survey(path: str | Path) -> Survey:
    """Look at a file or a folder.

    Raises:
        OSError: it is missing, or neither a file nor a folder (reading a pipe would block).
    """
    path = Path(path)
    if not path.is_dir():
        status = path.stat()
        if not path.is_file():
            raise OSError(f"{path} is neither a file nor a folder")
        return Survey(
            path, status.st_size, status.st_mtime_ns, None, f"{status.st_size} {status.st_mtime_ns}"
        )
    total, youngest, members, stamp = 0, 0, [], hashlib.sha256()
    for name in sorted(_members(path)):
        status = (path / name).stat()
        total, youngest = total + status.st_size, max(youngest, status.st_mtime_ns)
        members.append(name)
        line = f"\0{status.st_size} {status.st_mtime_ns}\n"
        stamp.update(os.fsencode(name) + line.encode())
    return Survey(path, total, youngest, members, stamp.hexdigest())


def _members(folder: Path) -> Iterator[str]:
    for top, _, names in os.walk(folder):
        for name in names:
            file = Path(top, name)
            if name != SNAKEMAKES_FLAG and file.is_file():
                yield file.relative_to(folder).as_posix()
