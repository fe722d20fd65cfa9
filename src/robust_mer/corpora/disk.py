"""What readers do with files: read text of any encoding, and say what a wrong folder holds."""

from collections.abc import Iterable
from pathlib import Path

from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError
from robust_mer.files import inside

_SHOWN = 8  # names of what a wrong folder holds


def read_lines(path: Path, reading: Reading) -> list[str]:
    """Lines of a text file; one that is not UTF-8 is read as cp1252, which ``reading`` notes."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        reading.note(path, 0, "is not UTF-8; read as cp1252")
        text = data.decode("cp1252", errors="replace")
    # str.splitlines would also cut at characters that stand inside a line of a transcript
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def is_there(path: Path) -> bool:
    """Whether the file exists; one of an impossible name does not."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def existing(paths: Iterable[Path]) -> list[Path]:
    """Those of the files that exist: a run can be planned before its corpus is there."""
    return [path for path in paths if path.is_file()]


def required_file(root: Path, name: str, advice: str, of: str = "") -> Path:
    """A file of a corpus, by its name relative to the corpus' root.

    Args:
        root: The folder.
        name: The file's.
        advice: What to do where it is missing.
        of: What it belongs to, for messages, e.g. ``CMU-MOSEI``.

    Raises:
        InputError: the file is missing, or outside the folder.
    """
    path = inside(root, name)
    if not path.is_file():
        raise wrong_root(root, f"no {name}" + (f" of {of}" if of else ""), advice)
    return path


def wrong_root(root: Path, looked_for: str, advice: str) -> InputError:
    """The error of a root that does not hold the corpus: what was sought, and what is there.

    Args:
        root: The folder.
        looked_for: What should be in it, e.g. ``no Session1 ... Session5``.
        advice: What to do about it.
    """
    names = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    listed = ", ".join(names[:_SHOWN]) or "nothing"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return InputError(f"{root} holds {looked_for}; found there: {listed}{more}. {advice}")
