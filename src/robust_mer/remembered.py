"""What is known of source files, kept between processes in the folder of the run.

To parse all of them takes a second. The file is optional: if it is missing, damaged, or written by
another Python or by other code, they are parsed again; if it cannot be written, nothing is kept.
"""

import atexit
import hashlib
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from robust_mer.files import whole

_FOLDER = Path(".snakemake")
_FILE = "robust_mer_definitions.json"


def remembered(
    name: str, file: Path, maker: Path, make: Callable[[bytes], dict[str, Any]]
) -> dict[str, Any]:
    """What ``make`` returns for a source file, looked up if it was called before for the same.

    Args:
        name: Of the module.
        file: Its source.
        maker: File of the code of ``make``.
        make: Takes the source, and returns what JSON can hold.
    """
    source = file.read_bytes()
    parts = [sys.version.encode(), _content(maker), file.name.encode(), source]
    stamp = hashlib.sha256(b"\0".join(parts)).hexdigest()
    return _memory().value(name, stamp, lambda: make(source))


def keep() -> None:
    """Write down what is new, for the jobs that start next; each process also writes at exit."""
    _memory().write()


@cache
def _content(file: Path) -> bytes:
    return file.read_bytes()


@cache
def _memory() -> "_Memory":
    memory = _Memory(_FOLDER.absolute())
    atexit.register(memory.write)
    return memory


class _Memory:
    """Values by name and stamp.

    Args:
        folder: Where the file lies, if the folder exists.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: dict[str, Any] = {}
        self._has_news = False
        with suppress(OSError, ValueError, TypeError):
            self._entries = dict(json.loads((folder / _FILE).read_text(encoding="utf-8")))

    def value(self, name: str, stamp: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The value with this stamp."""
        with suppress(KeyError, TypeError):
            if self._entries[name]["stamp"] == stamp:
                return dict(self._entries[name]["value"])
        value = make()
        self._entries[name] = {"stamp": stamp, "value": value}
        self._has_news = True
        return value

    def write(self) -> None:
        """Write the file, if there is something new and a folder for it."""
        if not self._has_news or not self._folder.is_dir():
            return
        self._has_news = False
        with suppress(OSError), whole(self._folder / _FILE) as unfinished:
            unfinished.write_text(json.dumps(self._entries), encoding="utf-8")
