"""What readers do with files: read text of any encoding, and say what a wrong folder holds."""

from pathlib import Path

from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError

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
    """Whether there is such a file; of a name that no file can have there is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def wrong_root(root: Path, looked_for: str, mend: str) -> InputError:
    """The error of a root that does not hold the corpus: what was sought, and what is there.

    Args:
        root: The folder.
        looked_for: What should be in it, e.g. ``no Session1 ... Session5``.
        mend: What to do about it.
    """
    names = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    found = ", ".join(names[:_SHOWN]) or "nothing"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return InputError(f"{root} holds {looked_for}; found there: {found}{more}. {mend}")
