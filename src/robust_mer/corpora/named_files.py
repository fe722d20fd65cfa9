"""Recordings whose names say all that a corpus tells about them, wherever they lie in a tree."""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from robust_mer.corpora.disk import is_there
from robust_mer.corpora.utterances import Reading
from robust_mer.files import fast_hash


def files_by_name(
    root: Path, suffixes: Collection[str], name: re.Pattern[str], example: str, reading: Reading
) -> dict[str, Path]:
    """The files below a folder whose names fit a pattern, by these names.

    ``reading`` skips files with other names. Of several files of one name, the one that lies least
    deep is taken; the others are noted, once for all that have the same content, as in a tree that
    was packed twice, and one by one for those that differ.

    Args:
        root: The folder. Links in it are followed.
        suffixes: Of the files, e.g. ``.wav``. They may be in upper case on disk, and are in lower
            case in the names.
        name: The pattern of a whole name.
        example: A name, for messages.
        reading: For what is wrong.
    """
    paths = [path for path in _walk(root) if path.suffix.lower() in suffixes]
    files: dict[str, Path] = {}
    copies: list[tuple[Path, Path]] = []
    for path in sorted(paths, key=lambda path: (len(path.parts), path)):
        spelled = path.stem + path.suffix.lower()
        if not name.fullmatch(spelled):
            reading.skip(path, 0, f"the name is unknown, expected one such as {example}")
            continue
        if not is_there(path):
            reading.note(path, 0, "is a link to a file that is missing; ignored")
            continue
        first = files.setdefault(spelled, path)
        if first is path:
            continue
        if fast_hash(first) == fast_hash(path):
            copies.append((path, first))
        else:
            reading.note(path, 0, f"differs from the file of the same name {first}, which is read")
    if copies:
        path, first = copies[0]
        what = "1 file is a copy" if len(copies) == 1 else f"{len(copies)} files are copies"
        reading.note(path, 0, f"{what} of another of the same name, e.g. of {first}; ignored")
    return files


def _walk(root: Path) -> Iterator[Path]:
    """Files below a folder but hidden ones, such as the ``._*`` of other systems."""
    visited: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in visited:  # a link that leads back
            folders.clear()
            continue
        visited.add(real)
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        yield from (Path(folder, name) for name in names if not name.startswith("."))
