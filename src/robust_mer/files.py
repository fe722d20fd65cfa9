"""Writing files whole or not at all, and hashing them."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from robust_mer.errors import InputError, UtteranceError
from robust_mer.mistaken import mistaken_for

_BLOCKS, _BLOCK = 256, 8192  # number and bytes of the blocks that `fast_hash` reads


@contextmanager
def whole(path: str | Path, sweep: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, which replaces ``path`` when the block succeeds.

    A reader of ``path`` sees the old file, no file or the finished one, never a part. The temporary
    name keeps the suffix of ``path``, because writers choose a format by it.

    Args:
        path: The file.
        sweep: Whether to remove temporary files of killed processes. That lists the folder, which
            is slow for each of thousands of files.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if sweep:
        _sweep(path)
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}.unfinished{path.suffix}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text as UTF-8, `whole`."""
    with whole(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def _sweep(path: Path) -> None:
    mark = re.compile(rf"\.{re.escape(path.stem)}\.\d+\.unfinished{re.escape(path.suffix)}")
    for other in path.parent.iterdir():
        if mark.fullmatch(other.name):
            other.unlink(missing_ok=True)


@contextmanager
def naming(path: str | Path, expected: str) -> Iterator[None]:
    """Turn any error over a file's content into one that names the file.

    Libraries raise errors of many classes over a damaged file, and few name it.

    Args:
        path: The file that the block reads.
        expected: What it should be, e.g. ``a file of the feature store``.

    Raises:
        InputError: the block raised an error that is not meant for users.
    """
    try:
        yield
    except (InputError, UtteranceError):
        raise
    except MemoryError as error:
        raise InputError(f"{path} does not fit into memory ({error})") from error
    except Exception as error:
        reason = mistaken_for(path, error)
        reason = reason or f"{type(error).__name__}: {error}".strip().rstrip(":")
        raise InputError(f"{path} is not {expected} ({reason})") from error


def inside(root: str | Path, path: str) -> Path:
    """The file at ``path``, which a table gives relative to its corpus' folder ``root``.

    Links are not followed: a link from the corpus to another disk is allowed.

    Raises:
        InputError: the path leaves the folder.
    """
    top = Path(os.path.normpath(Path(root).absolute()))  # not resolve(), which would follow links
    file = Path(os.path.normpath(top / path))
    if not file.is_relative_to(top):
        raise InputError(f"{path!r} is outside the corpus' folder {root}")
    return Path(os.path.normpath(Path(root, path)))


def sha256(path: str | Path) -> str:
    """SHA-256 of a file's content, as hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_sha256(folder: str | Path, suffix: str) -> str:
    """SHA-256 of a folder's files of a suffix, on all levels: of their sorted paths and hashes."""
    digest = hashlib.sha256()
    for path in sorted(Path(folder).rglob(f"*{suffix}")):
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{sha256(path)}\n".encode())
    return digest.hexdigest()


def fast_hash(path: str | Path) -> str:
    """Hash of a file's size and of what it holds, as 16 hexadecimal digits.

    Of more than 2 MiB, it reads 256 blocks of 8 KiB from the beginning to the end. So it tells
    whether a recording of gigabytes has changed without reading all of it; a change that is shorter
    than a 256th of such a file may be missed.
    """
    path = Path(path)
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        if size <= _BLOCKS * _BLOCK:
            digest.update(file.read())
        else:
            for number in range(_BLOCKS):
                file.seek((size - _BLOCK) * number // (_BLOCKS - 1))
                digest.update(file.read(_BLOCK))
    return digest.hexdigest()[:16]
