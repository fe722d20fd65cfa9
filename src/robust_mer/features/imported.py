"""Import published features of a corpus into the feature store."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np

from robust_mer.corpora.feature_files import FeatureSource
from robust_mer.corpora.reader import FeatureReader
from robust_mer.errors import InputError, UtteranceError
from robust_mer.files import folder_sha256, naming, sha256, whole
from robust_mer.jobs import log, progress
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.table import read_table

_NOT_FINITE = "some values are not finite"


@dataclass(frozen=True)
class ImportSpec:
    """Determines a file of imported features."""

    reader: Plugin
    """A `robust_mer.corpora.reader.FeatureReader`."""
    modality: str


@dataclass(frozen=True)
class ImportFiles:
    """Files of an import."""

    utterances: Path
    """Input: the index."""
    source: list[Path]
    """Input: the published files, for Snakemake to watch."""
    features: Path
    """Output: HDF5 file of the feature store."""
    table: Path
    """Output, as of an extraction: utterance, frames, looked_at (frames with padding), seconds
    (empty), status (``ok``, ``empty`` = only padding, ``failed``), reason."""


class _Row(TypedDict):
    """An utterance's row of the table."""

    utterance: str
    frames: int
    looked_at: int
    seconds: str
    status: str
    reason: str


def import_features(spec: ImportSpec, files: ImportFiles, runtime: Runtime) -> None:
    """Write one modality of published features as a file of the feature store.

    Frames of padding are cut. NaN and infinite values are kept and counted; the corpus' setting
    ``not_finite`` replaces them later. The store names the features ``f0, f1, ...``, has no frame
    rate, and records the SHA-256 of the source file, or of all arrays of the source folder.

    Uses ``root``, ``max_failed_fraction`` and ``refuse_not_finite`` of the runtime.

    Raises:
        InputError: the features are missing or damaged, no utterance has any, too many utterances
            failed, or values are not finite and nothing replaces them.
    """
    import pandas as pd

    from robust_mer.store import write_features

    reader: FeatureReader = spec.reader.build(Path(runtime.root))
    source = reader.features(spec.modality)
    utterances = read_table(files.utterances)["utterance"].tolist()
    report: list[_Row] = []

    def frames() -> Iterator[np.ndarray]:
        for utterance in progress(utterances, len(utterances), "utterances"):
            values, row = take(source, utterance)
            report.append(row)
            yield values
        _check(report, spec.modality, runtime, source.file)

    write_features(
        files.features,
        utterances,
        frames(),
        [f"f{place}" for place in range(source.width)],
        None,
        {"file": source.file.name, "modality": spec.modality, **spec.reader.settings},
        _digest(source.file),
    )
    with whole(files.table) as unfinished:
        pd.DataFrame(report).to_csv(unfinished, index=False)
    padding = sum(row["looked_at"] - row["frames"] for row in report)
    counts = Counter(row["status"] for row in report)
    log.info(
        "%d utterances (%s), %d frames, %d frames of padding cut",
        len(report),
        ", ".join(f"{n} {status}" for status, n in counts.items()),
        sum(row["frames"] for row in report),
        padding,
    )
    for reason, n in Counter(row["reason"] for row in report if row["reason"]).items():
        log.info("%d utterances: %s", n, reason)


def _digest(source: Path) -> str:
    return folder_sha256(source, ".npy") if source.is_dir() else sha256(source)


def take(source: FeatureSource, utterance: str) -> tuple[np.ndarray, _Row]:
    """Frames of an utterance, float32 [T, D], and its row of the table."""
    row = _Row(utterance=utterance, frames=0, looked_at=0, seconds="", status="failed", reason="")
    try:
        with naming(source.file, f"a file with frames of {utterance}"):
            frames, padding = source.frames(utterance)
            if np.shape(frames)[1:] != (source.width,):
                raise ValueError(f"shape {np.shape(frames)}, expected (frames, {source.width})")
            with np.errstate(over="ignore"):  # a number beyond float32 becomes infinite
                values = np.asarray(frames, np.float32)
    except UtteranceError as error:
        return np.zeros((0, source.width), np.float32), {**row, "reason": str(error)}
    remarks = ["padding cut"] * bool(padding)
    remarks += [_NOT_FINITE] * (not np.isfinite(values).all())
    row["frames"], row["looked_at"] = len(values), len(values) + padding
    row["status"] = "ok" if len(values) else "empty"
    row["reason"] = "; ".join(remarks) if len(values) else "nothing but padding"
    return values, row


def _check(report: list[_Row], modality: str, runtime: Runtime, file: Path) -> None:
    failed = [row for row in report if row["status"] == "failed"]
    if len(failed) > runtime.max_failed_fraction * len(report):
        first = "; ".join(f"{row['utterance']}: {row['reason']}" for row in failed[:3])
        raise InputError(
            f"{file}: {len(failed)} of {len(report)} utterances failed, more than the fraction "
            f"{runtime.max_failed_fraction:g} that features.max_failed_fraction allows. The first: "
            f"{first}"
        )
    empty = len(report) - sum(row["status"] == "ok" for row in report)
    if empty == len(report):
        raise InputError(
            f"{file}: none of {empty} utterances has a frame of {modality}: its values, or its "
            "masks or lengths, are all zero. Name another file or array, or remove the modality"
        )
    if empty > runtime.max_failed_fraction * len(report):
        log.warning(
            "NO FRAMES of %s in %d of %d utterances (%.0f %%): they count as zeros",
            modality,
            empty,
            len(report),
            100 * empty / len(report),
        )
    spoilt = [row["utterance"] for row in report if _NOT_FINITE in row["reason"]]
    if spoilt and runtime.refuse_not_finite:
        raise InputError(
            f"{file}: {len(spoilt)} of {len(report)} utterances have values of {modality} that are "
            f"NaN or infinite, e.g. {spoilt[0]}. To replace such values: not_finite: 0 for this "
            "modality of the corpus"
        )
