"""Noise files of a user, in a folder beside the corpus: MUSAN, DEMAND, any wav or flac files."""

import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from robust_mer.errors import InputError
from robust_mer.files import fast_hash

SUFFIXES = (".wav", ".flac")


class ReadsFiles(ABC):
    """A kind of corruption that reads files beside the corpus."""

    places: ClassVar[tuple[str, ...]] = ()
    """Settings that say where the files are; reports and exports do not show them."""

    @abstractmethod
    def check(self, groups: int) -> None:
        """Look for the files, without opening them; planning calls it.

        Args:
            groups: At least so many groups of utterances must hear different files; 1 if all may
                hear the same.

        Raises:
            InputError: files are missing, or are too few.
        """

    @abstractmethod
    def content(self) -> str:
        """Hash of the files: another one means that recordings are corrupted anew.

        Raises:
            InputError: a file is missing or cannot be read.
        """


def list_files(folder: str) -> list[str]:
    """Paths of the wav and flac files below a folder, relative to it, in alphabetical order.

    Raises:
        InputError: there is no such folder, or no such file in it.
    """
    root = Path(folder)
    if not os.path.isdir(root):  # noqa: PTH112 (names too long)
        raise InputError(
            f"there is no folder {folder} (looked for {root.resolve()}); expected a folder with "
            f"{_kinds()} files, at any depth"
        )
    paths = sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
    if not paths:
        raise InputError(
            f"{root.resolve()} and the folders in it have no {_kinds()} file; expected at least one"
        )
    return paths


def check_files(folder: str, groups: int) -> None:
    """Check that a folder has files, and one for each group of utterances.

    Raises:
        InputError: as `list_files`, or there are fewer files than groups.
    """
    files = list_files(folder)
    if len(files) < groups:
        raise InputError(
            f"{Path(folder).resolve()} has {len(files)} noise file{'s' * (len(files) > 1)}, but "
            f"models are trained on it; expected {groups} or more, so that training hears none of "
            "the files that the test hears. Add files, or list the corruption in tested_on only"
        )


def hash_files(folder: str) -> str:
    """Hash over names, sizes and contents of the files below a folder, after a look at each header.

    Raises:
        InputError: as `list_files`, or a file is not a recording.
    """
    facts = []
    for path in list_files(folder):
        seconds_of(Path(folder, path))
        facts.append([path, fast_hash(Path(folder, path))])
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def seconds_of(path: Path) -> float:
    """Duration of a wav or flac file by its header.

    Raises:
        InputError: the file cannot be read, or has no samples.
    """
    import soundfile

    try:
        facts = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError) as error:
        reason = getattr(error, "error_string", None) or str(error)
        raise InputError(
            f"{path} cannot be read ({reason}); expected a recording as {_kinds()}. Replace or "
            "remove it"
        ) from error
    if not facts.frames:
        raise InputError(f"{path} has no samples; expected a recording. Replace or remove it")
    return float(facts.frames / facts.samplerate)


def deal(files: Sequence[str], groups: Sequence[str]) -> Mapping[str, list[str]] | None:
    """The files of each group, so that no two groups have one in common.

    Files of one folder stay together if there are as many folders as groups, because they may be
    channels of the same recording, as in DEMAND. The result depends on the names alone.

    Args:
        files: Relative paths.
        groups: Names of the groups.

    Returns:
        None if there are fewer files than groups.
    """
    folders = {path: path.rpartition("/")[0] for path in files}
    unit = folders if len(set(folders.values())) >= len(groups) else {path: path for path in files}
    order = sorted(set(unit.values()), key=lambda name: hashlib.sha256(name.encode()).digest())
    if len(order) < len(groups):
        return None
    group = {name: groups[place % len(groups)] for place, name in enumerate(order)}
    return {one: [path for path in files if group[unit[path]] == one] for one in groups}


def groups_of(parts: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """Group of each utterance, such that no fold trains and tests on utterances of one group.

    Utterances that the same folds test are a group. Those that none tests are grouped by the folds
    that validate on them, and the others are the last group.

    Args:
        parts: Fold, part and utterance, as in the folds' table.
    """
    folds: dict[str, dict[str, set[str]]] = {}
    for fold, part, utterance in parts:
        folds.setdefault(utterance, {}).setdefault(part, set()).add(fold)
    groups = {}
    for utterance, by_part in folds.items():
        part = next((one for one in ("test", "validation") if one in by_part), "train")
        members = sorted(by_part[part]) if part != "train" else []
        groups[utterance] = " ".join([part, *members])
    return groups


def _kinds() -> str:
    return " or ".join(SUFFIXES)
