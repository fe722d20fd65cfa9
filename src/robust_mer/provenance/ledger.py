"""All records of a results folder, read back and tied together."""

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

_MOST_BYTES = 2**26
_SHA256 = re.compile(r"[0-9a-f]{64}")
# train_model_fold1, train_teacher_folds1-10_seeds2
_TRAINING = re.compile(r"^train_(model|teacher)_folds?\d.*")
_REPLICA = re.compile(r"(fold\d+_seed\d+)\.")


@dataclass(frozen=True)
class RecordedFile:
    """A file or folder that a job read or wrote.

    ``path`` is relative to the folder that the workflow ran in, or to a corpus' root, whose name
    ``corpus`` then is; with an empty ``corpus`` it is the name alone of a file somewhere else.
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
    """What a job left, checked."""

    file: Path
    rule: str
    wildcards: dict[str, str]
    seeds: dict[str, Any]
    identity: str  # of the code
    implementations: list[str]  # what that is the identity of
    software: dict  # see `robust_mer.provenance.checkout.checkout`
    packages: dict[str, str]  # Python among them
    host: dict[str, str]  # platform, processor, device
    finished: float  # seconds since 1970
    inputs: list[RecordedFile]
    outputs: list[RecordedFile]

    @property
    def stem(self) -> str:
        """The rule; those of training, one for every set of replicas, under one name."""
        return _TRAINING.sub("train_model", self.rule)

    @property
    def name(self) -> str:
        """The job in messages: the rule, and its wildcards in brackets."""
        values = ", ".join(self.wildcards.values())
        return f"{self.rule} ({values})" if values else self.rule


def read_record(path: str | Path, files: "_Files | None" = None) -> Record:
    """Read a record, of which anything may be wrong.

    Args:
        path: The record.
        files: Those of other records, which may be the same.

    Raises:
        InputError: it is not as this version writes it.
    """
    path = Path(path)
    files = _Files() if files is None else files
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES} bytes")
        known = json.loads(path.read_text(encoding="utf-8"))
        if known["format"] != FORMAT:
            raise ValueError(f"its format is {known['format']!r}, this version reads {FORMAT}")
        started = datetime.fromisoformat(_text(known["started"])).timestamp()
        software = {"version": None, "commit": None, "dirty": None, **known["robust_mer"]}
        host = known["host"]
        return Record(
            file=path,
            rule=_text(known["rule"]),
            wildcards=_texts(known["wildcards"]),
            seeds=dict(known["seeds"]),
            identity=_text(known["code"]["identity"]),
            implementations=[_text(name) for name in known["code"]["of"]],
            software={**software, "snakemake": known["snakemake"]},
            packages=_texts({"Python": known["python"], **known["packages"]}),
            host=_texts({key: host[key] for key in ("platform", "processor", "device")}),
            finished=started + _number(known["seconds"]),
            inputs=[files.one(file) for file in known["inputs"]],
            outputs=[files.one(file) for file in known["outputs"]],
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
        records: All that can be read, the one that finished last at the end.
        broken: The others, each with what is wrong.
    """

    results: Path
    records: list[Record] = field(default_factory=list)
    broken: list[tuple[Path, str]] = field(default_factory=list)

    @cached_property
    def producers(self) -> dict[str, Record]:
        """By the path of an output, the record of the job that wrote it last.

        Training jobs of other widths may have written the same replica at other times.
        """
        return {output.path: record for record in self.records for output in record.outputs}

    @cached_property
    def current(self) -> list[Record]:
        """Records of which at least one output was not written anew by another job."""
        return [record for record in self.records if self.outputs(record)]

    def outputs(self, record: Record) -> list[RecordedFile]:
        """What a job wrote and no other one has since."""
        return [one for one in record.outputs if self.producers[one.path] is record]

    def inputs(self, record: Record) -> list[RecordedFile]:
        """What a job read for `outputs`: of replicas, as teachers are, those that are among them.

        Where no output is a replica, all count.
        """
        replicas = {one.replica for one in self.outputs(record)} - {None}
        if not replicas:
            return record.inputs
        return [one for one in record.inputs if one.replica in (None, *replicas)]

    def behind(self, paths: Iterable[str]) -> list[Record]:
        """Records of the jobs that wrote these files, and what they read, and so on."""
        found: dict[Path, Record] = {}
        waiting = list(paths)
        while waiting:
            record = self.producers.get(waiting.pop())
            if record is not None and record.file not in found:
                found[record.file] = record
                waiting += [one.path for one in self.inputs(record) if one.corpus is None]
        return sorted(found.values(), key=lambda record: (record.finished, record.file))

    def place(self, path: str) -> Path:
        """Where a recorded path lies; the results folder may have been given another name."""
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
    """Recorded files, each checked once: a checkpoint is read by dozens of jobs."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], RecordedFile] = {}

    def one(self, known: dict[str, Any]) -> RecordedFile:
        """A file as a record has it.

        Raises:
            InputError: its path leaves the folder that it is relative to.
            KeyError, TypeError, ValueError: it is not as this version writes it.
        """
        values = (
            known["path"],
            known["bytes"],
            known["mtime_ns"],
            known["sha256"],
            known.get("files"),
            known.get("corpus"),
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
