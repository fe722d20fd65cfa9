"""Shards: pieces of the work of an extraction, each kept as a file as soon as it is done."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from robust_mer.errors import UtteranceError
from robust_mer.features.utterance import Extractor, SignalCorruption, Utterance
from robust_mer.files import whole

_SIZE = 25  # utterances; a killed job loses at most this many per process


@dataclass(frozen=True)
class Shard:
    """Utterances that are extracted together and the file that will hold the result."""

    utterances: tuple[Utterance, ...]
    path: Path
    context: list  # all that the result hangs on beside the utterances
    crashed: bool = False  # a process died over it

    def after_crash(self, death: str, width: int) -> "list[Shard]":
        """What is left to do after a process died over this shard, of features that wide.

        The whole once more, since the machine may have been short of memory; then one utterance
        at a time; and the utterance that kills its process then is failed by name.
        """
        if not self.crashed:
            return [replace(self, crashed=True)]
        if len(self.utterances) > 1:
            return [
                replace(_shard((utterance,), self.path.parent, self.context), crashed=True)
                for utterance in self.utterances
            ]
        reason = f"the extractor's process died over it: {death}"
        row = _report(self.utterances[0], status="failed", reason=reason)
        _write(self.path, [np.zeros((0, width), np.float32)], [row])
        return [self]


@dataclass(frozen=True)
class FinishedShard:
    """The content of a shard's file."""

    values: np.ndarray  # float32 [frames, D]
    offsets: np.ndarray  # [N + 1]
    report: list[dict]

    def frames(self, row: int) -> np.ndarray:
        """Frames of the utterance in place ``row``: float32 [T, D]."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]


def cut(utterances: list[Utterance], folder: Path, context: list) -> list[Shard]:
    """Cut the work into shards whose utterances are neighbours in the same recordings.

    Args:
        utterances: All of them.
        folder: Where the shards' files go.
        context: All that a result hangs on beside the utterances; it enters the files' names.
    """

    def place(utterance: Utterance) -> tuple[str, str, float]:
        return str(utterance.video), str(utterance.audio), utterance.start or 0.0

    ordered = sorted(utterances, key=place)
    return [
        _shard(tuple(ordered[first : first + _SIZE]), folder, context)
        for first in range(0, len(ordered), _SIZE)
    ]


def extract_shard(
    extractor: Extractor, shard: Shard, corruption: SignalCorruption | None = None
) -> None:
    """Extract a shard's utterances, corrupted where that is asked for, and write its file."""
    results = [_extract(extractor, utterance, corruption) for utterance in shard.utterances]
    _write(shard.path, [values for values, _ in results], [row for _, row in results])


def read_shard(path: Path) -> FinishedShard:
    """Read a shard's file."""
    with np.load(path, allow_pickle=False) as file:
        return FinishedShard(file["values"], file["offsets"], json.loads(str(file["report"])))


def _shard(utterances: tuple[Utterance, ...], folder: Path, context: list) -> Shard:
    rows = [
        (asdict(utterance), *map(_version, (utterance.audio, utterance.video, utterance.faces)))
        for utterance in utterances
    ]
    text = json.dumps([context, rows], sort_keys=True, default=str)
    name = hashlib.sha256(text.encode()).hexdigest()[:32]
    return Shard(utterances, folder / f"{name}.npz", context)


def _version(path: Path | None) -> tuple[int, int] | None:
    """Size and time of change of a recording: one that was mended is extracted again."""
    if path is None or not path.is_file():
        return None
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _extract(
    extractor: Extractor, utterance: Utterance, corruption: SignalCorruption | None
) -> tuple[np.ndarray, dict]:
    width = len(extractor.names)
    try:
        received = utterance if corruption is None else corruption(utterance)
        extraction = extractor.extract(received)
        values = np.asarray(extraction.values, np.float32)
        if values.ndim != 2 or values.shape[1] != width:
            raise UtteranceError(f"features of shape {values.shape}: expected (T, {width})")
        unfilled = np.isin(extractor.names, getattr(extractor, "unfilled", ()))
        if not np.isfinite(values[:, ~unfilled]).all():
            raise UtteranceError("features are not finite (NaN or infinity)")
        if not np.isnan(values[:, unfilled]).all():
            raise UtteranceError("features that are not filled hold numbers")
    except UtteranceError as error:
        reason = str(error)
    except Exception as error:  # a library's complaint about one file must not cost the others
        reason = f"{type(error).__name__}: {error}"
    else:
        seconds = "" if extraction.seconds is None else round(extraction.seconds, 3)
        status = "ok" if len(values) else "empty"
        return values, _report(
            utterance, len(values), extraction.looked_at, seconds, status, extraction.note
        )
    return np.zeros((0, width), np.float32), _report(utterance, status="failed", reason=reason)


def _report(
    utterance: Utterance,
    frames: int = 0,
    looked_at: int = 0,
    seconds: float | str = "",
    status: str = "",
    reason: str = "",
) -> dict:
    return {
        "utterance": utterance.utterance,
        "frames": frames,
        "looked_at": looked_at,
        "seconds": seconds,
        "status": status,
        "reason": " ".join(reason.split()),
    }


def _write(path: Path, frames: list[np.ndarray], report: list[dict]) -> None:
    offsets = np.cumsum([0, *map(len, frames)])
    with whole(path) as unfinished:
        np.savez(
            unfinished,
            values=np.concatenate(frames),
            offsets=offsets,
            report=np.array(json.dumps(report)),
        )
