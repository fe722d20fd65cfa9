"""Shards: parts of an extraction, each saved as a file as soon as it is done."""

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

DIED = "the extractor's process died over it"
"""Beginning of the reason of an utterance that killed its process, or took too long."""

SIZE = 25  # utterances; a killed job loses at most this many per process
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True)
class Shard:
    """Utterances that are extracted together, and the file of the result."""

    utterances: tuple[Utterance, ...]
    path: Path
    context: list[Any]  # everything but the utterances that the result depends on
    crashed: bool = False  # whether a process has died over it

    def after_crash(self, death: str, width: int, is_late: bool = False) -> "list[Shard]":
        """The shards to do after a process died over this one, of features of size ``width``.

        The first time, the whole shard again, because the machine may have been short of memory,
        unless the process was killed because it ``is_late``. Then one utterance at a time. An
        utterance that kills its process again is marked as failed.
        """
        if not self.crashed and not is_late:
            return [replace(self, crashed=True)]
        if len(self.utterances) > 1:
            return [
                replace(_shard((utterance,), self.path.parent, self.context), crashed=True)
                for utterance in self.utterances
            ]
        reason = f"{DIED}: {death}"
        row = _report(self.utterances[0], status="failed", reason=reason)
        nothing = np.zeros((0, width), np.float32)
        _write(self.path, width, [(nothing, nothing[:, 0], row)])
        return [self]


@dataclass(frozen=True)
class FinishedShard:
    """A shard's file: the report on its utterances, and their frames on demand."""

    path: Path
    offsets: np.ndarray  # [N + 1]
    starts: np.ndarray  # float32 [frames], positions; NaN if there are none
    report: list[dict[str, Any]]

    @contextmanager
    def opened(self) -> Iterator[Callable[[int], np.ndarray]]:
        """Yield a function that reads the frames of an utterance by its row: float32 [T, D]."""
        with h5py.File(self.path) as file:
            values = file["values"]
            yield lambda row: values[self.offsets[row] : self.offsets[row + 1]]

    def positions(self, row: int) -> np.ndarray:
        """Positions of an utterance's frames: float32 [T]; see `robust_mer.store.Features`."""
        return self.starts[self.offsets[row] : self.offsets[row + 1]]


def cut(
    utterances: list[Utterance], folder: Path, context: list[Any], size: int | None = None
) -> list[Shard]:
    """Cut the work into shards whose utterances are neighbours in the same recordings.

    Args:
        utterances: All of them.
        folder: Of the shards' files.
        context: Everything but the utterances that a result depends on; part of the files' names.
        size: Utterances in a shard, if the extractor specifies it.
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
    """Extract a shard's utterances, corrupted by ``corruption`` if any, and write its file.

    ``begin`` is called with the number of utterances that are about to be extracted together.

    Raises:
        MemoryError: or a similar error, or one of the disk; utterances do not cause these.
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
        offsets, starts = file["offsets"][:], file["where"][:]
        return FinishedShard(path, offsets, starts, json.loads(file.attrs["report"]))


def _shard(utterances: tuple[Utterance, ...], folder: Path, context: list[Any]) -> Shard:
    rows = [
        (asdict(utterance), *map(_version, (utterance.audio, utterance.video, utterance.faces)))
        for utterance in utterances
    ]
    text = json.dumps([context, rows], sort_keys=True, default=str)
    name = hashlib.sha256(text.encode()).hexdigest()[:32]
    return Shard(utterances, folder / f"{name}.h5", context)


def _version(path: Path | None) -> tuple[int, int] | None:
    """Size and modification time of a recording, so that a changed one is extracted again."""
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
    """Yield the result or error of each utterance, in order."""

    def receive(utterance: Utterance) -> Utterance:
        return utterance if corruption is None else corruption(utterance)

    if not extractor.takes_many:
        for utterance in utterances:
            begin(1)
            yield _attempt(lambda item: extractor.extract(receive(item)), utterance)
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
    """Results of utterances extracted together; None if one of them fails or memory runs out."""
    try:
        return extractor.extract_all(usable)
    except Exception as error:
        if disk_fault(error) in _FULL:
            raise
        return None


def _attempt(function: Callable[[Utterance], Result], argument: Utterance) -> Result | Exception:
    """The result or the error, so that one bad file does not affect the others.

    Errors of memory, GPU and disk are raised, because the file does not cause them.
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
        starts = np.full(len(values), np.nan, np.float32)
        if outcome.positions is not None:
            starts = np.asarray(outcome.positions, np.float32)
        if starts.shape != values.shape[:1]:
            raise UtteranceError(f"positions of shape {starts.shape}, expected ({len(values)},)")
    except NothingError as error:
        status, reason = "empty", str(error)
    except UtteranceError as error:
        status, reason = "failed", str(error)
    except Exception as error:
        status, reason = "failed", f"{type(error).__name__}: {error}"
    else:
        seconds = "" if outcome.seconds is None else round(outcome.seconds, 3)
        status = "ok" if len(values) else "empty"
        remarks = ["words recognised"] * (utterance.hearing is not None)
        note = "; ".join([*remarks, *[outcome.note] * bool(outcome.note)])
        row = _report(utterance, len(values), outcome.looked_at, seconds, status, note)
        return values, starts, row
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
    """Write a shard's file, with one utterance at a time in memory."""
    offsets, starts, report = [0], [], []
    # No sweep: the folder is deleted when its shards are merged.
    with whole(path, sweep=False) as unfinished, h5py.File(unfinished, "w") as file:
        values = file.create_dataset(
            "values", (0, width), "float32", maxshape=(None, width), chunks=(256, width)
        )
        for frames, positions, row in results:
            offsets.append(offsets[-1] + len(frames))
            values.resize(offsets[-1], axis=0)
            values[offsets[-2] :] = frames
            starts.append(positions)
            report.append(row)
        file["offsets"] = np.array(offsets, dtype=np.int64)
        file["where"] = np.concatenate(starts)
        file.attrs["report"] = json.dumps(report)
