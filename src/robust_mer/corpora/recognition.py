"""Which readers fit a folder, for the message of one that does not."""

from pathlib import Path

from robust_mer.corpora.reader import Reader
from robust_mer.corpora.registry import READERS
from robust_mer.settings import load


def fitting_readers(root: Path) -> list[str]:
    """Names of the readers whose corpus a folder looks like, see `Reader.fits`."""
    return [name for name, implementation in READERS.items() if load(implementation).fits(root)]


def other_readers(root: Path, reader: Reader) -> str:
    """A sentence that names the readers that fit a folder better than the given one, or nothing."""
    names = [name for name in fitting_readers(root) if load(READERS[name]) is not type(reader)]
    if not names:
        return ""
    return f". The folder looks like a corpus for `reader: {' or '.join(names)}`"
