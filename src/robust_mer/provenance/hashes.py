"""Files and folders by their content, and a memory that spares hashing a large one twice."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from robust_mer.files import sha256, whole

SNAKEMAKES_FLAG = ".snakemake_timestamp"
"""The file by which Snakemake tells a folder's age; no part of what the folder holds."""

_WORTH_REMEMBERING = 2**20  # bytes; less is hashed sooner than looked up on a network's disk


@dataclass(frozen=True)
class Content:
    """A file or a folder as it was found."""

    bytes: int
    mtime_ns: int  # of a folder: of its youngest file
    files: int | None  # how many a folder holds, on all levels; None of a file
    sha256: str


class Memory:
    """Remembers hashes between jobs, by size and modification time.

    A job that writes a file remembers its hash; the first job that reads it does so anew, because
    Snakemake touches outputs when it notes a job's end. All others look it up.

    Args:
        folder: Where it is kept.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)

    def content(self, path: str | Path) -> Content:
        """Size, time and hash of a file or folder."""
        found = survey(path)
        if found.bytes < _WORTH_REMEMBERING:
            return found.hashed()
        place = self._place(path)
        with suppress(OSError, ValueError, KeyError, TypeError):
            known = json.loads(place.read_text(encoding="utf-8"))
            if known["stamp"] == found.stamp:
                return found.with_hash(known["sha256"])
        content = found.hashed()
        # only a help: two jobs may write it at once, of which one then fails
        with suppress(OSError), whole(place) as unfinished:
            kept = {"stamp": found.stamp, "sha256": content.sha256}
            unfinished.write_text(json.dumps(kept), encoding="utf-8")
        return content

    def _place(self, path: str | Path) -> Path:
        key = hashlib.sha256(os.fsencode(path)).hexdigest()
        return self._folder / key[:2] / f"{key[2:32]}.json"


@dataclass(frozen=True)
class Survey:
    """What can be said of a file or folder without reading it."""

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
        """The same with a hash that is known already."""
        files = None if self.members is None else len(self.members)
        return Content(self.bytes, self.mtime_ns, files, digest)


def survey(path: str | Path) -> Survey:
    """Look at a file or a folder.

    Raises:
        OSError: there is none, or it is neither: reading a pipe would wait for ever.
    """
    path = Path(path)
    if not path.is_dir():
        found = path.stat()
        if not path.is_file():
            raise OSError(f"{path} is neither a file nor a folder")
        return Survey(
            path, found.st_size, found.st_mtime_ns, None, f"{found.st_size} {found.st_mtime_ns}"
        )
    total, youngest, members, stamp = 0, 0, [], hashlib.sha256()
    for name in sorted(_members(path)):
        found = (path / name).stat()
        total, youngest = total + found.st_size, max(youngest, found.st_mtime_ns)
        members.append(name)
        line = f"\0{found.st_size} {found.st_mtime_ns}\n"
        stamp.update(os.fsencode(name) + line.encode())
    return Survey(path, total, youngest, members, stamp.hexdigest())


def _members(folder: Path) -> Iterator[str]:
    for top, _, names in os.walk(folder):
        for name in names:
            file = Path(top, name)
            if name != SNAKEMAKES_FLAG and file.is_file():
                yield file.relative_to(folder).as_posix()
