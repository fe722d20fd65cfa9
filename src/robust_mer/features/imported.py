"""Import published features of a corpus into the feature store."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from robust_mer.errors import InputError, UtteranceError
from robust_mer.files import naming, sha256, whole
from robust_mer.jobs import log, progress
from robust_mer.settings import load
from robust_mer.store import write_features
from robust_mer.table import read_table


def import_features(
    utterances_csv: str | Path,
    root: str | Path,
    implementation: str,
    settings: dict,
    modality: str,
    features_path: str | Path,
    report_path: str | Path,
    max_failed_fraction: float,
) -> None:
    """Write one modality of published features as a file of the feature store.

    Frames of padding are cut. Values that are NaN or infinite stay as they are and are counted;
    what takes their place is the corpus' setting ``not_finite``. The store names the features
    ``f0, f1, ...``, knows no frame rate, and keeps the SHA-256 of the file that they came from.

    Args:
        utterances_csv: The index.
        root: The corpus' folder.
        implementation: ``"module:name"`` of the reader's function that gives the features; see
            `robust_mer.corpora.feature_files.FeatureSource`.
        settings: The reader's complete settings.
        modality: Which to import.
        features_path: HDF5 file of the feature store.
        report_path: Table as of an extraction: utterance, frames, looked_at (frames with padding),
            seconds (empty), status (``ok``, ``empty`` = nothing but padding, ``failed``), reason.
        max_failed_fraction: Largest fraction of utterances that may have status ``failed``.

    Raises:
        InputError: the features are not there or damaged, or too many utterances failed.
    """
    source = load(implementation)(Path(root), settings, modality)
    utterances = read_table(utterances_csv)["utterance"].tolist()
    report: list[dict] = []

    def frames() -> Iterator[np.ndarray]:
        for utterance in progress(utterances, len(utterances), "utterances"):
            values, row = _take(source, utterance)
            report.append({"utterance": utterance, **row})
            yield values
        _check(report, max_failed_fraction, source.file)

    write_features(
        features_path,
        utterances,
        frames(),
        [f"f{place}" for place in range(source.width)],
        None,
        {"file": source.file.name, "modality": modality, **settings},
        sha256(source.file),
    )
    with whole(report_path) as unfinished:
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


def _take(source, utterance: str) -> tuple[np.ndarray, dict]:
    row = {"frames": 0, "looked_at": 0, "seconds": "", "status": "failed"}
    try:
        with naming(source.file, f"a file with frames of {utterance}"):
            found, padding = source.frames(utterance)
            if np.shape(found)[1:] != (source.width,):
                raise ValueError(f"shape {np.shape(found)}, expected (frames, {source.width})")
            with np.errstate(over="ignore"):  # a number beyond float32 becomes an infinity
                values = np.asarray(found, np.float32)
    except UtteranceError as error:
        return np.zeros((0, source.width), np.float32), {**row, "reason": str(error)}
    remarks = ["padding cut"] * bool(padding)
    remarks += ["some values are not finite"] * (not np.isfinite(values).all())
    row |= {
        "frames": len(values),
        "looked_at": len(values) + padding,
        "status": "ok" if len(values) else "empty",
        "reason": "; ".join(remarks) if len(values) else "nothing but padding",
    }
    return values, row


def _check(report: list[dict], max_failed_fraction: float, file: Path) -> None:
    failed = [row for row in report if row["status"] == "failed"]
    if len(failed) > max_failed_fraction * len(report):
        first = "; ".join(f"{row['utterance']}: {row['reason']}" for row in failed[:3])
        raise InputError(
            f"{file}: {len(failed)} of {len(report)} utterances failed, more than the fraction "
            f"{max_failed_fraction:g} that the config allows in features.max_failed_fraction. "
            f"First ones: {first}"
        )
