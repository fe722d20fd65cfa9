"""Shards: pieces of the work of an extraction, each kept as a file as soon as it is done."""

import errno
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np

from robust_mer.errors import NothingError, UtteranceError
from robust_mer.faults import disk_fault, is_gpu_fault, is_out_of_memory
from robust_mer.features.extractor import Extractor
from robust_mer.features.utterance import Extraction, SignalCorruption, Utterance
from robust_mer.files import whole

Result = TypeVar("Result")

SIZE = 25  # utterances; a killed job loses at most this many per process
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True)
class Shard:
    """Utterances that are extracted together and the file that will hold the result."""

    utterances: tuple[Utterance, ...]
    path: Path
    context: list[Any]  # all that the result hangs on beside the utterances
    crashed: bool = False  # a process died over it

    def after_crash(self, death: str, width: int, is_late: bool = False) -> "list[Shard]":
        """What is left to do after a process died over this shard, of features that wide.

        The whole once more, since the machine may have been short of memory, but not where the
        process was ended because it ``is_late``; then one utterance at a time; and the utterance
        that kills its process then is failed by name.
        """
        if not self.crashed and not is_late:
            return [replace(self, crashed=True)]
        if len(self.utterances) > 1:
            return [
                replace(_shard((utterance,), self.path.parent, self.context), crashed=True)
                for utterance in self.utterances
            ]
        reason = f"the extractor's process died over it: {death}"
        row = _report(self.utterances[0], status="failed", reason=reason)
        nothing = np.zeros((0, width), np.float32)
        _write(self.path, width, [(nothing, nothing[:, 0], row)])
        return [self]


@dataclass(frozen=True)
class FinishedShard:
    """A shard's file: what it tells of its utterances, and their frames on demand."""

    path: Path
    offsets: np.ndarray  # [N + 1]
    where: np.ndarray  # float32 [frames], positions; NaN where there are none
    report: list[dict[str, Any]]

    @contextmanager
    def opened(self) -> Iterator[Callable[[int], np.ndarray]]:
        """What reads the frames of the utterance in a place from the open file: float32 [T, D]."""
        with h5py.File(self.path) as file:
            values = file["values"]
            yield lambda row: values[self.offsets[row] : self.offsets[row + 1]]

    def positions(self, row: int) -> np.ndarray:
        """Where these frames lie: float32 [T]; see `robust_mer.store.Features`."""
        return self.where[self.offsets[row] : self.offsets[row + 1]]


def cut(
    utterances: list[Utterance], folder: Path, context: list[Any], size: int | None = None
) -> list[Shard]:
    """Cut the work into shards whose utterances are neighbours in the same recordings.

    Args:
        utterances: All of them.
        folder: Where the shards' files go.
        context: All that a result hangs on beside the utterances; it enters the files' names.
        size: Utterances in a shard, where the extractor has a wish.
    """

    def place(utterance: Utterance) -> tuple[str, str, float]:
        return str(utterance.video), str(utterance.audio), utterance.start or 0.0

    ordered = sorted(utterances, key=place)
    size = size or SIZE
    return [
        _shard(tuple(ordered[first : first + size]), folder, context)
        for first in range(0, len(ordered), size)
    ]


def extract_shard(
    extractor: Extractor,
    shard: Shard,
    corruption: SignalCorruption | None = None,
    begin: Callable[[int], None] = lambda count: None,
) -> None:
    """Extract a shard's utterances, corrupted where that is asked for, and write its file.

    ``begin`` is told of how many utterances the extraction begins, one or several together.

    Raises:
        MemoryError: or the like, and errors of the disk: they are not the utterance's fault.
    """
    width = len(extractor.names)
    outcomes = _outcomes(extractor, shard.utterances, corruption, begin)
    results = (
        _result(extractor, utterance, outcome)
        for utterance, outcome in zip(shard.utterances, outcomes, strict=True)
    )
    _write(shard.path, width, results)


def read_shard(path: Path) -> FinishedShard:
    """Read a shard's file."""
    with h5py.File(path) as file:
        offsets, where = file["offsets"][:], file["where"][:]
        return FinishedShard(path, offsets, where, json.loads(file.attrs["report"]))


def _shard(utterances: tuple[Utterance, ...], folder: Path, context: list[Any]) -> Shard:
    rows = [
        (asdict(utterance), *map(_version, (utterance.audio, utterance.video, utterance.faces)))
        for utterance in utterances
    ]
    text = json.dumps([context, rows], sort_keys=True, default=str)
    name = hashlib.sha256(text.encode()).hexdigest()[:32]
    return Shard(utterances, folder / f"{name}.h5", context)


def _version(path: Path | None) -> tuple[int, int] | None:
    """Size and time of change of a recording: one that was mended is extracted again."""
    if path is None or not path.is_file():
        return None
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _outcomes(
    extractor: Extractor,
    utterances: tuple[Utterance, ...],
    corruption: SignalCorruption | None,
    begin: Callable[[int], None],
) -> Iterator[Extraction | Exception]:
    """What comes of each utterance, in their order."""

    def receive(utterance: Utterance) -> Utterance:
        return utterance if corruption is None else corruption(utterance)

    if not extractor.takes_many:
        for utterance in utterances:
            begin(1)
            yield _attempt(lambda given: extractor.extract(receive(given)), utterance)
        return
    begin(len(utterances))
    received = [_attempt(receive, utterance) for utterance in utterances]
    usable = [utterance for utterance in received if isinstance(utterance, Utterance)]
    together = _together(extractor, usable)
    outcome = iter(together or ())
    for one in received:
        if isinstance(one, Exception):
            yield one
        elif together is None:
            begin(1)
            yield _attempt(extractor.extract, one)
        else:
            yield next(outcome)


def _together(
    extractor: Extractor, usable: list[Utterance]
) -> Sequence[Extraction | Exception] | None:
    """What comes of utterances that are taken together; None where one of them spoils it.

    Or where memory does not hold so many.
    """
    try:
        return extractor.extract_all(usable)
    except Exception as error:
        if disk_fault(error) in _FULL:
            raise
        return None


def _attempt(function: Callable[[Utterance], Result], argument: Utterance) -> Result | Exception:
    """What comes of it, or the error: a library's complaint about a file must not cost the others.

    A lack of memory or of space on the disk is no complaint about a file.
    """
    try:
        return function(argument)
    except Exception as error:
        if is_out_of_memory(error) or is_gpu_fault(error) or disk_fault(error) in _FULL:
            raise
        return error


def _result(
    extractor: Extractor, utterance: Utterance, outcome: Extraction | Exception
) -> tuple[np.ndarray, np.ndarray, dict]:
    """An utterance's frames [T, D], their positions [T], float32, and its row of the report."""
    width = len(extractor.names)
    try:
        if isinstance(outcome, Exception):
            raise outcome
        values = np.asarray(outcome.values, np.float32)
        if values.ndim != 2 or values.shape[1] != width:
            raise UtteranceError(f"features of shape {values.shape}: expected (T, {width})")
        unfilled = np.isin(extractor.names, list(extractor.unfilled))
        if not np.isfinite(values[:, ~unfilled]).all():
            raise UtteranceError("features are not finite (NaN or infinity)")
        if not np.isnan(values[:, unfilled]).all():
            raise UtteranceError("features that are not filled hold numbers")
        where = np.full(len(values), np.nan, np.float32)
        if outcome.positions is not None:
            where = np.asarray(outcome.positions, np.float32)
        if where.shape != values.shape[:1]:
            raise UtteranceError(f"positions of shape {where.shape}, expected ({len(values)},)")
    except NothingError as error:
        status, reason = "empty", str(error)
    except UtteranceError as error:
        status, reason = "failed", str(error)
    except Exception as error:
        status, reason = "failed", f"{type(error).__name__}: {error}"
    else:
        seconds = "" if outcome.seconds is None else round(outcome.seconds, 3)
        status = "ok" if len(values) else "empty"
        row = _report(utterance, len(values), outcome.looked_at, seconds, status, outcome.note)
        return values, where, row
    nothing = np.zeros((0, width), np.float32)
    return nothing, nothing[:, 0], _report(utterance, status=status, reason=reason)


def _report(
    utterance: Utterance,
    frames: int = 0,
    looked_at: int = 0,
    seconds: float | str = "",
    status: str = "",
    reason: str = "",
) -> dict[str, Any]:
    return {
        "utterance": utterance.utterance,
        "frames": frames,
        "looked_at": looked_at,
        "seconds": seconds,
        "status": status,
        "reason": " ".join(reason.split()),
    }


def _write(path: Path, width: int, results: Iterable[tuple[np.ndarray, np.ndarray, dict]]) -> None:
    """Write a shard's file, one utterance after the other: no more than one is held in memory."""
    offsets, where, report = [0], [], []
    # The folder, with what killed processes leave there, goes when its shards are merged.
    with whole(path, sweep=False) as unfinished, h5py.File(unfinished, "w") as file:
        values = file.create_dataset(
            "values", (0, width), "float32", maxshape=(None, width), chunks=(256, width)
        )
        for frames, positions, row in results:
            offsets.append(offsets[-1] + len(frames))
            values.resize(offsets[-1], axis=0)
            values[offsets[-2] :] = frames
            where.append(positions)
            report.append(row)
        file["offsets"] = np.array(offsets, dtype=np.int64)
        file["where"] = np.concatenate(where)
        file.attrs["report"] = json.dumps(report)
