"""All records of a results folder, and which job made what from what."""

import json
import math
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from robust_mer.errors import InputError
from robust_mer.files import inside
from robust_mer.provenance.record import FOLDER, FORMAT, RESULTS

DISCARDED = f"{FOLDER}/discarded.txt"
"""Results that were deleted on purpose, one path a line."""

_MOST_BYTES = 2**26
_SHA256 = re.compile(r"[0-9a-f]{64}")
# train_model_fold1, train_teacher_folds1-10_seeds2, choose_model_fold1
_TRAINING = re.compile(r"^(train|choose)_(model|teacher)_folds?\d.*")
_REPLICA = re.compile(r"(fold\d+_seed\d+)\.")


@dataclass(frozen=True)
class RecordedFile:
    """A file or folder that a job read or wrote.

    ``path`` is relative to the folder of the run or, if ``corpus`` names one, to that corpus' root.
    If ``corpus`` is empty, the file lies elsewhere and ``path`` is its name only.
    """

    path: str
    bytes: int
    mtime_ns: int
    sha256: str
    files: int | None = None
    corpus: str | None = None

    @cached_property
    def replica(self) -> str | None:
        """The replica that the file belongs to, by its name."""
        match = _REPLICA.match(Path(self.path).name)
        return match and match[1]


@dataclass(frozen=True)
class Record:
    """A job's record, checked."""

    file: Path
    rule: str
    wildcards: dict[str, str]
    seeds: dict[str, Any]
    identity: str  # of the code
    implementations: list[str]  # that the identity covers
    software: dict  # see `robust_mer.provenance.checkout.checkout`
    packages: dict[str, str]  # Python among them
    host: dict[str, str]  # platform, processor, device
    started: float  # seconds since 1970
    finished: float
    inputs: list[RecordedFile]
    outputs: list[RecordedFile]

    @property
    def stem(self) -> str:
        """The rule; those of which there is one per set of replicas share a name."""
        return _TRAINING.sub(r"\1_model", self.rule)

    @property
    def name(self) -> str:
        """The job in messages: the rule, and its wildcards in brackets."""
        values = ", ".join(self.wildcards.values())
        return f"{self.rule} ({values})" if values else self.rule


def read_record(path: str | Path, files: "_Files | None" = None) -> Record:
    """Read a record and check it.

    Args:
        path: The record.
        files: Files that other records named, to share them.

    Raises:
        InputError: the record is not one that this version writes.
    """
    path = Path(path)
    files = _Files() if files is None else files
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES} bytes")
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}, this version reads {FORMAT}")
        started = datetime.fromisoformat(_text(content["started"])).timestamp()
        software = {"version": None, "commit": None, "dirty": None, **content["robust_mer"]}
        host = content["host"]
        return Record(
            file=path,
            rule=_text(content["rule"]),
            wildcards=_texts(content["wildcards"]),
            seeds=dict(content["seeds"]),
            identity=_text(content["code"]["identity"]),
            implementations=[_text(name) for name in content["code"]["of"]],
            software={**software, "snakemake": content["snakemake"]},
            packages=_texts({"Python": content["python"], **content["packages"]}),
            host=_texts({key: host[key] for key in ("platform", "processor", "device")}),
            started=started,
            finished=started + _number(content["seconds"]),
            inputs=[files.one(file) for file in content["inputs"]],
            outputs=[files.one(file) for file in content["outputs"]],
        )
    except KeyError as error:
        raise InputError(f"it lacks {error}") from None
    except (OSError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise InputError(str(error)) from None
    except RecursionError:
        raise InputError("it is nested too deeply") from None


@dataclass
class Ledger:
    """The records of a results folder.

    Attributes:
        results: The folder.
        records: All readable ones, by the time at which they finished.
        broken: The others, each with the reason.
    """

    results: Path
    records: list[Record] = field(default_factory=list)
    broken: list[tuple[Path, str]] = field(default_factory=list)

    @cached_property
    def producers(self) -> dict[str, Record]:
        """Record of the job that wrote an output last, by the output's path.

        Several training jobs, of different widths, may have written the same replica.
        """
        return {output.path: record for record in self.records for output in record.outputs}

    @cached_property
    def current(self) -> list[Record]:
        """Records with at least one output that no later job has overwritten."""
        return [record for record in self.records if self.outputs(record)]

    def outputs(self, record: Record) -> list[RecordedFile]:
        """What a job wrote and no later one has overwritten, without what was `discarded`."""
        return [
            one
            for one in record.outputs
            if self.producers[one.path] is record and one.path not in self.discarded
        ]

    @cached_property
    def discarded(self) -> dict[str, str]:
        """Hash by path of the results that were deleted on purpose and not made again."""
        try:
            paths = (self.results / DISCARDED).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return {}
        deleted = {path for path in paths if not self.place(path).exists()}
        return {
            one.path: one.sha256
            for record in self.records
            for one in record.outputs
            if one.path in deleted
        }

    def inputs(self, record: Record) -> list[RecordedFile]:
        """What a job read for its `outputs`.

        If these contain replicas, an input that belongs to another replica (a teacher) is left out.
        """
        replicas = {one.replica for one in self.outputs(record)} - {None}
        if not replicas:
            return record.inputs
        return [one for one in record.inputs if one.replica in (None, *replicas)]

    def behind(self, paths: Iterable[str]) -> list[Record]:
        """Records of the jobs that wrote these files, and those behind their inputs, in order."""
        matches: dict[Path, Record] = {}
        waiting = list(paths)
        while waiting:
            record = self.producers.get(waiting.pop())
            if record is not None and record.file not in matches:
                matches[record.file] = record
                waiting += [one.path for one in self.inputs(record) if one.corpus is None]
        return sorted(matches.values(), key=lambda record: (record.finished, record.file))

    def place(self, path: str) -> Path:
        """Today's path of a recorded one; the results folder may have been renamed."""
        if path.startswith(f"{RESULTS}/"):
            return self.results / path.removeprefix(f"{RESULTS}/")
        return self.results.parent / path


def read_ledger(results: str | Path) -> Ledger:
    """Read all records of a results folder."""
    ledger = Ledger(Path(results))
    files = _Files()
    for path in _record_files(ledger.results):
        try:
            record = read_record(path, files)
            for one in record.outputs:
                if one.corpus is not None or not one.path.startswith(f"{RESULTS}/"):
                    raise InputError(f"its output {one.path!r} is not in {RESULTS}/")
        except InputError as error:
            ledger.broken.append((path, str(error)))
        else:
            ledger.records.append(record)
    ledger.records.sort(key=lambda record: (record.finished, record.file))
    return ledger


def _record_files(results: Path) -> Iterator[Path]:
    for folder in sorted([results / FOLDER, *results.glob(f"*/{FOLDER}")]):
        for path in sorted(folder.rglob("*.json")):
            if not any(part.startswith(".") for part in path.relative_to(folder).parts):
                yield path


class _Files:
    """Recorded files, each checked once, because dozens of jobs read the same checkpoint."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], RecordedFile] = {}

    def one(self, entry: dict[str, Any]) -> RecordedFile:
        """The file that an entry of a record describes.

        Raises:
            InputError: its path leaves the folder that it is relative to.
            KeyError, TypeError, ValueError: it is not an entry that this version writes.
        """
        values = (
            entry["path"],
            entry["bytes"],
            entry["mtime_ns"],
            entry["sha256"],
            entry.get("files"),
            entry.get("corpus"),
        )
        if values not in self._known:
            self._known[values] = _checked(*values)
        return self._known[values]


def _checked(
    path: Any, size: Any, mtime_ns: Any, sha256: Any, files: Any, corpus: Any
) -> RecordedFile:
    if not _text(path) or "\0" in path:
        raise ValueError(f"{path!r} is not a path")
    try:
        inside(Path.cwd(), path)
    except InputError:
        raise InputError(
            f"its path {path!r} leads out of the folder that it is relative to"
        ) from None
    if os.path.normpath(path) != path:  # each file has one name
        raise ValueError(f"{path!r} is not a normalised path")
    if not _SHA256.fullmatch(_text(sha256)):
        raise ValueError(f"{sha256!r} is not a SHA-256")
    return RecordedFile(
        path,
        _whole(size),
        _whole(mtime_ns),
        sha256,
        files if files is None else _whole(files),
        corpus if corpus is None else _text(corpus),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.80} is not text")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TypeError(f"{value!r:.80} is not a number")
    return value


def _whole(value: Any) -> int:
    _number(value)
    if not isinstance(value, int):
        raise TypeError(f"{value!r:.80} is not a whole number")
    return value


def _texts(value: Any) -> dict[str, str]:
    return {_text(key): _text(one) for key, one in dict(value).items()}
