"""Feature files made from feature files: frames as models read them, not as they were extracted."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robust_mer.data import not_finite_error
from robust_mer.errors import InputError, UtteranceError
from robust_mer.files import whole
from robust_mer.jobs import log
from robust_mer.store import Features, open_features, write_features
from robust_mer.table import read_table

# Of the frames of one utterance [T, D], which is in this place of the store: frames and a remark.
# UtteranceError(reason) where there can be none.
Convert = Callable[[np.ndarray, int], tuple[np.ndarray, str]]
Prepare = Callable[[Features], Convert]


def write_reading(
    features_path: str | Path,
    table_path: str | Path,
    source: str | Path,
    source_table: str | Path,
    prepare: Prepare,
    frame_rate: float | None,
    described: dict[str, Any],
    not_finite: float | None,
) -> None:
    """Write another reading of a feature file, an utterance at a time.

    Args:
        features_path: HDF5 file of the feature store to write.
        table_path: Its table, with the columns of an extraction's. Where the source has no frames
            of an utterance, the row is that of the source's table.
        source: The feature file that is read.
        source_table: Its table.
        prepare: Looks at the open file and returns what makes frames of frames.
        frame_rate: That of the new ones; None where they are words.
        described: Goes into the file's settings.
        not_finite: What takes the place of values that are NaN or infinite; None refuses them.

    Raises:
        InputError: ``prepare`` cannot use the file, or a value is not finite and nothing may take
            its place.
    """
    report = read_table(source_table).to_dict("records")
    with open_features(source) as store:
        if [told["utterance"] for told in report] != store.utterances:
            raise InputError(f"{source_table} does not have the same utterances as {source}")
        convert = prepare(store)

        def frames() -> Iterator[np.ndarray]:
            for row, told in enumerate(report):
                found = store.frames(row)
                if len(found):
                    found = _finite(found, store, row, source, not_finite)
                    found, change = _convert(found, row, convert)
                    told |= change
                yield found

        write_features(
            features_path,
            store.utterances,
            frames(),
            store.names,
            frame_rate,
            {**store.settings, **described},
            store.weights_sha256,
            store.versions,
            layers=store.layers,
        )
    with whole(table_path) as unfinished:
        pd.DataFrame(report).to_csv(unfinished, index=False)
    counts = Counter(told["status"] for told in report)
    log.info(
        "%d utterances: %s; %d frames",
        len(report),
        ", ".join(f"{counts[status]} {status}" for status in ("ok", "empty", "failed")),
        sum(int(told["frames"]) for told in report),
    )


def _finite(
    found: np.ndarray, store: Features, row: int, source: str | Path, not_finite: float | None
) -> np.ndarray:
    finite = np.isfinite(found)
    if finite.all():
        return found
    if not_finite is None:
        dimension = store.names[np.argwhere(~finite)[0, 1]]
        raise not_finite_error(source, store.utterances[row], dimension)
    return np.where(finite, found, np.float32(not_finite))


def _convert(found: np.ndarray, row: int, convert: Convert) -> tuple[np.ndarray, dict]:
    try:
        values, remark = convert(found, row)
        status = "ok" if len(values) else "empty"
    except UtteranceError as error:
        values, status, remark = found[:0], "failed", str(error)
    told = {"frames": len(values), "looked_at": len(found), "status": status, "reason": remark}
    return values, told
