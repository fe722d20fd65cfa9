"""What readers do with files: read texts, find recordings, explain what a wrong folder holds."""

import os
from collections.abc import Iterable
from pathlib import Path

from robust_mer.corpora.utterances import Reading
from robust_mer.encodings import decode
from robust_mer.errors import InputError, WrongRootError
from robust_mer.files import inside
from robust_mer.mistaken import mistaken_for
from robust_mer.names import name_key

_SHOWN = 8  # names of what a wrong folder holds


def read_lines(path: Path, reading: Reading, encoding: str = "") -> list[str]:
    """Lines of a text file; ``reading`` notes what was assumed of its encoding.

    Raises:
        InputError: it is not a text file, or its encoding is unknown.
    """
    data = path.read_bytes()
    if data and (mistake := mistaken_for(path)):
        raise InputError(f"{path} is not a text: {mistake}")
    text, remarks = decode(data, path, encoding)
    for line, remark in remarks:
        reading.note(path, line, remark)
    # str.splitlines would also cut at characters that stand inside a line of a transcript
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def read_transcript_lines(path: Path, reading: Reading, encoding: str = "") -> list[str]:
    """Lines of one of many transcripts; one that cannot be read is noted, and has none."""
    try:
        return read_lines(path, reading, encoding)
    except InputError as error:
        what = str(error).removeprefix(f"{path}, ").removeprefix(f"{path} ")
        reading.note(path, 0, f"its texts are left out: {what}")
        return []


def is_there(path: Path) -> bool:
    """Whether the file exists; one of an impossible name does not."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def existing(paths: Iterable[Path]) -> list[Path]:
    """Those of the files that exist: a run can be planned before its corpus is there."""
    return [path for path in paths if path.is_file()]


class Recordings:
    """Recordings of a corpus by the paths that a table names.

    A table from another computer may write a path otherwise than the disk does: with backslashes,
    with an accent as two characters, or in another case.

    Args:
        root: The corpus' folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.normpath(root))
        self._names: dict[Path, dict[str, list[str]]] = {}

    def locate(self, named: str) -> str | None:
        """Path of a recording, relative to the corpus' root; None where there is no such file.

        Raises:
            InputError: the path leaves the folder.
        """
        path = inside(self._root, named)
        if is_there(path):
            return named
        slashed = named.replace("\\", "/")
        path = inside(self._root, slashed)
        if is_there(path):
            return slashed
        spelled = Path()
        for part in path.relative_to(self._root).parts:
            name = self._spelled(self._root / spelled, part)
            if name is None:
                return None
            spelled /= name
        return spelled.as_posix() if is_there(self._root / spelled) else None

    def _spelled(self, folder: Path, name: str) -> str | None:
        """The name in a folder that is the same but for accents, or the only one but for case."""
        if folder not in self._names:
            names: dict[str, list[str]] = {}
            for one in sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []:
                names.setdefault(name_key(one).casefold(), []).append(one)
            self._names[folder] = names
        alike = self._names[folder].get(name_key(name).casefold(), [])
        same = [one for one in alike if name_key(one) == name_key(name)] or alike
        return same[0] if len(same) == 1 else None


def required_file(root: Path, name: str, advice: str, of: str = "") -> Path:
    """A file of a corpus, by its name relative to the corpus' root.

    Args:
        root: The folder.
        name: The file's.
        advice: What to do where it is missing.
        of: What it belongs to, for messages, e.g. ``CMU-MOSEI``.

    Raises:
        WrongRootError: the file is missing.
        InputError: it is outside the folder.
    """
    path = inside(root, name)
    if not path.is_file():
        raise wrong_root(root, f"no {name}" + (f" of {of}" if of else ""), advice)
    return path


def wrong_root(root: Path, looked_for: str, advice: str) -> WrongRootError:
    """The error of a root that does not hold the corpus: what was sought, and what is there.

    Args:
        root: The folder.
        looked_for: What should be in it, e.g. ``no Session1 ... Session5``.
        advice: What to do about it.
    """
    names = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    listed = ", ".join(names[:_SHOWN]) or "nothing"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return WrongRootError(f"{root} holds {looked_for}; found there: {listed}{more}. {advice}")
