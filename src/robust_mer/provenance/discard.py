"""Deleting results that can be made again, so that `verify` knows that they are not lost."""

import os
from collections.abc import Iterable
from pathlib import Path

from robust_mer.files import write_text
from robust_mer.provenance.ledger import DISCARDED
from robust_mer.provenance.record import RESULTS


def discard(paths: Iterable[str], results: str, log: str) -> None:
    """Delete results; their names are noted first.

    Args:
        paths: The files; those that do not exist are passed over.
        results: The folder of the results.
        log: File that lists what was deleted.
    """
    paths = [path for path in paths if Path(path).is_file()]
    note = Path(results, DISCARDED)
    earlier = note.read_text(encoding="utf-8").splitlines() if note.is_file() else []
    names = [Path(RESULTS, os.path.relpath(path, results)).as_posix() for path in paths]
    write_text(note, "".join(f"{name}\n" for name in dict.fromkeys([*earlier, *names])))
    for path in paths:
        Path(path).unlink()
    Path(log).write_text("".join(f"deleted {path}\n" for path in paths), encoding="utf-8")
