"""Extract one kind of features from every utterance of a corpus into the feature store."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path

import numpy as np
import pandas as pd

from robust_mer.errors import InputError
from robust_mer.features.shards import Shard, cut, read_shard
from robust_mer.features.utterance import SignalCorruption, Utterance
from robust_mer.features.workers import Workers
from robust_mer.files import inside, whole
from robust_mer.identity import code_identity
from robust_mer.jobs import log, progress
from robust_mer.settings import remarks
from robust_mer.store import write_features
from robust_mer.table import read_table

_COLUMNS = ["utterance", "audio", "video", "region", "start", "end", "text", "audio_is_cut"]


def extract_features(
    utterances_csv: str | Path,
    root: str | Path,
    implementation: str,
    settings: dict,
    features_path: str | Path,
    report_path: str | Path,
    threads: int,
    max_failed_fraction: float,
    corruption: SignalCorruption | None = None,
    faces: str | Path | None = None,
    write: Callable[..., None] = write_features,
    weights_sha256: str = "",
    device: str = "auto",
    max_seconds: float = float("inf"),
) -> None:
    """Extract features from all utterances of an index, and report on each of them.

    Works in shards on ``threads`` processes. A finished shard is kept as a file beside
    ``features_path`` until all are merged, so a killed job goes on where it was. A process that
    crashes costs the utterance that kills it, not the run. The result does not depend on the
    number of processes; where an extractor takes utterances together, how the work is cut changes
    it by rounding.

    Args:
        utterances_csv: The index: one row an utterance.
        root: Folder that the index's paths are relative to.
        implementation: ``"module:Class"`` of the extractor.
        settings: The extractor's complete settings.
        features_path: HDF5 file of the feature store.
        report_path: Table of utterance, frames, looked_at (frames or tokens examined), seconds,
            status (``ok``, ``empty`` = nothing found, ``failed``) and reason.
        threads: Number of processes; fewer where the extractor says so, one on a GPU.
        max_failed_fraction: Largest fraction of utterances that may have status ``failed``;
            empty ones do not count.
        corruption: What is done to the utterances' signals before; None for clean features.
        faces: File of the corpus' faces, for extractors of what these show.
        write: What writes ``features_path``; it is called as `robust_mer.store.write_features` is.
        weights_sha256: What the SHA-256 of the extractor's weights must be; "" = anything.
        device: ``auto`` lets a network use a GPU where there is one, ``cpu`` hides it.
        max_seconds: How long one utterance may take; then it counts as one that crashes.

    Raises:
        InputError: the index, the settings or the weights are wrong, or too many utterances
            failed. In the last case the table has been written, and the finished shards stay, with
            a copy of the table, since Snakemake removes the outputs of a failed job.
    """
    utterances = read_utterances(utterances_csv, Path(root))
    if faces is not None:
        utterances = [replace(utterance, faces=Path(faces)) for utterance in utterances]
    features_path = Path(features_path)
    folder = features_path.with_name(f"{features_path.name}.shards")
    folder.mkdir(parents=True, exist_ok=True)

    with Workers(implementation, settings, threads, corruption, device, max_seconds) as workers:
        extractor = workers.describe()
        if weights_sha256 not in ("", extractor.weights_sha256):
            raise InputError(
                f"config: the weights of {implementation} have the SHA-256 "
                f"{extractor.weights_sha256 or '(none)'}, and weights_sha256 in the config is "
                f"{weights_sha256}. Get the right weights, or correct the config"
            )
        code = code_identity(__name__, implementation)
        context = [implementation, code, settings, extractor.weights_sha256, extractor.versions]
        if corruption is not None:
            context.append(corruption.identity())
            settings = {**settings, "corruption": corruption.describe()}
        shards = cut(utterances, folder, context, extractor.shard_size)
        shards.sort(key=lambda shard: not shard.path.is_file())
        before = [shard for shard in shards if shard.path.is_file()]
        left = len(utterances) - sum(map(_count, before))
        if before:
            log.info(
                "%d utterances of a run that was broken off are taken over", len(utterances) - left
            )
        finished = workers.run(shards)
        counted = progress(finished, left, "utterances", size=_count)
        place = {
            utterance.utterance: (shard.path, row)
            for shard in chain(islice(finished, len(before)), counted)
            for row, utterance in enumerate(shard.utterances)
        }

    names = [utterance.utterance for utterance in utterances]
    read = cache(read_shard)
    positions: list[np.ndarray] = []

    def report_rows() -> Iterator[dict]:
        for name in names:
            path, row = place[name]
            yield read(path).report[row]

    def frames() -> Iterator[np.ndarray]:
        # Neighbours in the index mostly lie in one shard, whose file stays open for them.
        for path, rows in groupby((place[name] for name in names), key=itemgetter(0)):
            with read(path).opened() as frames_of:
                for _, row in rows:
                    positions.append(read(path).positions(row))
                    yield frames_of(row)

    report = pd.DataFrame(report_rows())
    with whole(report_path) as unfinished:
        report.to_csv(unfinished, index=False)
    log.info("%d utterances: %s", len(report), _counts(report))
    for remark, count in _remarks(report).most_common():
        log.info("%d utterances: %s", count, remark)
    empty = (report["status"] == "empty").sum()
    if empty > max_failed_fraction * len(report):
        log.warning(
            "NOTHING WAS FOUND in %d of %d utterances (%.0f %%): they count as zeros. Before these "
            "features are used, see why in %s",
            empty,
            len(report),
            100 * empty / len(report),
            report_path,
        )
    if (report["status"] == "failed").sum() > max_failed_fraction * len(report):
        copy = shutil.copy(report_path, folder / "report.csv")
        raise InputError(_too_many(report, max_failed_fraction, report_path, copy))
    write(
        features_path,
        names,
        frames(),
        extractor.names,
        extractor.frame_rate,
        {**settings, **remarks(implementation)},
        extractor.weights_sha256,
        extractor.versions,
        positions=positions,
    )
    shutil.rmtree(folder)


def read_utterances(path: str | Path, root: Path) -> list[Utterance]:
    """The rows of an index, in its order.

    Raises:
        InputError: the table lacks a column or names an utterance twice, a time is not a number,
            or a path leaves ``root``.
    """
    table = read_table(path, _COLUMNS)
    if table.empty:
        raise InputError(f"{path} has no utterances")
    twice = table["utterance"][table["utterance"].duplicated()]
    if len(twice):
        raise InputError(f"{path}: utterance {twice.iloc[0]!r} stands there more than once")
    return [
        Utterance(
            utterance=row["utterance"],
            audio=inside(root, row["audio"]) if row["audio"] else None,
            video=inside(root, row["video"]) if row["video"] else None,
            region=row["region"],
            start=_seconds(row["start"], f"{path}: start of {row['utterance']}"),
            end=_seconds(row["end"], f"{path}: end of {row['utterance']}"),
            text=row["text"],
            audio_is_cut=row["audio_is_cut"] == "1",
        )
        for row in table[_COLUMNS].to_dict("records")
    ]


def _count(shard: Shard) -> int:
    return len(shard.utterances)


def _seconds(text: str, where: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise InputError(f"{where} is {text!r}, expected seconds from 0 on, or nothing")
    return value


def _counts(report: pd.DataFrame) -> str:
    counts = Counter(report["status"])
    return ", ".join(f"{counts[status]} {status}" for status in ("ok", "empty", "failed"))


def _remarks(report: pd.DataFrame) -> Counter:
    """How many utterances have a remark of a kind, which is what stands before its colon."""
    kinds = Counter()
    for reason in report["reason"]:
        kinds.update({remark.partition(":")[0] for remark in reason.split("; ") if remark})
    return kinds


def _too_many(report: pd.DataFrame, limit: float, table: str | Path, copy: Path) -> str:
    failed = report[report["status"] == "failed"]
    reasons = "; ".join(f"{kind} ({count})" for kind, count in _remarks(failed).most_common(3))
    examples = "; ".join(f"{row.utterance}: {row.reason}" for row in failed.head(3).itertuples())
    return (
        f"{len(failed)} of {len(report)} utterances failed, more than the fraction {limit:g} that "
        f"the config allows in features.max_failed_fraction. Reasons: {reasons}. First ones: "
        f"{examples}. All stand in {table} and {copy}"
    )
