"""Extract one kind of features from every utterance of a corpus into the feature store."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robust_mer.errors import InputError
from robust_mer.features.heard import with_recognised
from robust_mer.features.shards import DIED, Shard, cut, read_shard
from robust_mer.features.specs import ExtractFiles, ExtractSpec, RawSpec
from robust_mer.features.utterance import SignalCorruption, Utterance
from robust_mer.features.versions import versions_of
from robust_mer.features.workers import Description, Workers
from robust_mer.files import inside, whole
from robust_mer.identity import code_identity
from robust_mer.jobs import log, progress
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin, load
from robust_mer.store import write_features
from robust_mer.table import read_table

_COLUMNS = ["utterance", "audio", "video", "region", "start", "end", "text", "audio_is_cut"]


def extract_features(spec: ExtractSpec, files: ExtractFiles, runtime: Runtime) -> None:
    """Extract features from all utterances of an index, and report on each of them.

    Raises:
        InputError: the index, the settings or the weights are wrong, or too many utterances failed;
            see `extract`.
    """
    utterances = read_utterances(files.utterances, Path(runtime.root))
    if files.faces is not None:
        utterances = [replace(utterance, faces=files.faces) for utterance in utterances]
    origin = {}
    if files.texts is not None:
        utterances = with_recognised(utterances, files.texts, spec.transcript)
        origin = {"transcript": spec.transcript}
    code = [code_identity(__name__, spec.extractor.implementation)]
    corruption = corruption_of(spec.corruption, code, files.utterances, files.folds, runtime)
    recipe = Recipe(spec.extractor, corruption, spec.weights_sha256, code, origin)
    extract(recipe, utterances, files.features, files.table, runtime)


def corruption_of(
    raw: RawSpec | None,
    code: list[str],
    utterances: Path,
    folds: Path | None,
    runtime: Runtime,
) -> SignalCorruption | None:
    """The corruption of an extraction, whose code identity is added to ``code``.

    Args:
        raw: What it is; None for no corruption.
        code: Of the extraction.
        utterances: The index.
        folds: For a corruption that needs other speakers.
        runtime: With the folder of the recordings.
    """
    if raw is None:
        return None
    code.append(code_identity(raw.corruption.implementation))
    tables = folds and (utterances, folds, Path(runtime.root))
    corruption: SignalCorruption = raw.corruption.build().at(raw.kind, raw.amount, raw.seed, tables)
    return corruption


@dataclass(frozen=True)
class Recipe:
    """What is extracted from every utterance."""

    extractor: Plugin
    corruption: SignalCorruption | None
    """What is done to the utterances' signals before; None: nothing."""
    weights_sha256: str
    """What the SHA-256 of the extractor's weights must be; empty: anything."""
    code: list[str]
    """Identity of the code; shards of another one are not used."""
    origin: Mapping[str, str] = field(default_factory=dict)
    """What the feature file says beside the settings, of what was done before extraction."""
    skipped: int = 0
    """Utterances of the corpus that need no extraction; they count as ``ok`` in the fraction of
    failed ones."""


def extract(
    recipe: Recipe,
    utterances: list[Utterance],
    features_path: Path,
    report_path: Path,
    runtime: Runtime,
    write: Callable[..., None] = write_features,
) -> None:
    """Extract features from utterances, in their order, and report on each of them.

    Works in shards on several processes. A finished shard is kept as a file beside
    ``features_path`` until all are merged, so that a killed job resumes. A process that crashes
    costs the utterance that kills it, not the run. The result does not depend on the number of
    processes. Where an extractor takes utterances together, the cut of the work changes it by
    rounding.

    Args:
        recipe: What is extracted.
        utterances: From these.
        features_path: HDF5 file of the feature store.
        report_path: Table; see `robust_mer.features.specs.ExtractFiles`.
        runtime: ``threads`` is the number of processes; there are fewer where the extractor says
            so.
        write: What writes ``features_path``; it is called as `robust_mer.store.write_features` is.

    Raises:
        InputError: the settings or the weights are wrong, or too many utterances failed. In the
            last case the table has been written, and the finished shards stay, with a copy of the
            table, since Snakemake removes the outputs of a failed job.
    """
    folder = features_path.with_name(f"{features_path.name}.shards")
    folder.mkdir(parents=True, exist_ok=True)
    with Workers(recipe.extractor, recipe.corruption, runtime) as workers:
        extractor = workers.describe()
        _check_weights(recipe, extractor.weights_sha256)
        versions = versions_of(recipe.extractor.implementation)
        place = _run(workers, extractor, recipe, versions, utterances, folder)

    names = [utterance.utterance for utterance in utterances]
    read = cache(read_shard)
    positions: list[np.ndarray] = []

    def report_rows() -> Iterator[dict[str, Any]]:
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
    count = len(report) + recipe.skipped
    _report(report, count, report_path, folder, runtime.max_failed_fraction)
    settings = recipe.extractor.settings
    if recipe.corruption is not None:
        settings = {**settings, "corruption": recipe.corruption.describe()}
    write(
        features_path,
        names,
        frames(),
        extractor.names,
        extractor.frame_rate,
        {**settings, **recipe.origin, **extractor.remarks},
        extractor.weights_sha256,
        versions,
        positions=positions,
        layers=extractor.layers,
    )
    shutil.rmtree(folder)


def _check_weights(recipe: Recipe, weights_sha256: str) -> None:
    if recipe.weights_sha256 not in ("", weights_sha256):
        raise InputError(
            f"config: the weights of {recipe.extractor.implementation} have the SHA-256 "
            f"{weights_sha256 or '(none)'}, but weights_sha256 in the config is "
            f"{recipe.weights_sha256}. Get the right weights, or correct the config"
        )


def _run(
    workers: Workers,
    extractor: Description,
    recipe: Recipe,
    versions: dict[str, str],
    utterances: list[Utterance],
    folder: Path,
) -> dict[str, tuple[Path, int]]:
    """Extract what no shard holds yet; returns each utterance's shard and place in it."""
    plugin, corruption = recipe.extractor, recipe.corruption
    context = [
        plugin.implementation,
        recipe.code,
        plugin.settings,
        extractor.weights_sha256,
        versions,
    ]
    if corruption is not None:
        context.append(corruption.identity())
    shards = cut(utterances, folder, context, extractor.shard_size)
    _drop_passing_failures(shards, load(plugin.implementation).reads_tables)
    shards.sort(key=lambda shard: not shard.path.is_file())
    before = [shard for shard in shards if shard.path.is_file()]
    left = len(utterances) - sum(map(_count, before))
    if before:
        log.info("%d utterances of an interrupted run are reused", len(utterances) - left)
    finished = workers.run(shards)
    counted = progress(finished, left, "utterances", size=_count)
    return {
        utterance.utterance: (shard.path, row)
        for shard in chain(islice(finished, len(before)), counted)
        for row, utterance in enumerate(shard.utterances)
    }


def _report(
    report: pd.DataFrame, count: int, report_path: Path, folder: Path, max_failed_fraction: float
) -> None:
    """Write the report and log a summary.

    Args:
        report: A row an extracted utterance.
        count: Of the corpus' utterances.
        report_path: Where to.
        folder: For a copy if too many failed.
        max_failed_fraction: Of the corpus' utterances.

    Raises:
        InputError: too many utterances failed.
    """
    with whole(report_path) as unfinished:
        report.to_csv(unfinished, index=False)
    log.info("%d utterances: %s", len(report), _counts(report))
    for remark, times in _remarks(report).most_common():
        log.info("%d utterances: %s", times, remark)
    empty = (report["status"] == "empty").sum()
    if empty > max_failed_fraction * count:
        log.warning(
            "NO FEATURES in %d of %d utterances (%.0f %%): they count as zeros. Before you use "
            "these features, see the reasons in %s",
            empty,
            count,
            100 * empty / count,
            report_path,
        )
    if (report["status"] == "failed").sum() > max_failed_fraction * count:
        copy = Path(shutil.copy(report_path, folder / "report.csv"))
        raise InputError(_too_many(report, count, max_failed_fraction, report_path, copy))


def read_utterances(path: str | Path, root: Path) -> list[Utterance]:
    """The rows of an index, in its order.

    Raises:
        InputError: the table lacks a column or names an utterance twice, a time is not a number,
            or a path leaves ``root``.
    """
    table = read_table(path, _COLUMNS)
    if table.empty:
        raise InputError(f"{path} contains no utterances")
    twice = table["utterance"][table["utterance"].duplicated()]
    if len(twice):
        raise InputError(f"{path} contains the utterance {twice.iloc[0]!r} more than once")
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


def _drop_passing_failures(shards: Iterable[Shard], reads_tables: bool) -> None:
    """Delete what an interrupted run failed at and this one may not, so that it is tried again.

    That is what lack of time or memory ended, and, of an extractor that reads tables of another
    program, all failures: these tables may have come since.
    """
    for shard in shards:
        if shard.path.is_file() and any(
            row["status"] == "failed" and (reads_tables or row["reason"].startswith(DIED))
            for row in read_shard(shard.path).report
        ):
            shard.path.unlink()


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
        raise InputError(f"{where} is {text!r}, expected seconds (0 or more), or nothing")
    return value


def _counts(report: pd.DataFrame) -> str:
    counts = Counter(report["status"])
    return ", ".join(f"{counts[status]} {status}" for status in ("ok", "empty", "failed"))


def _remarks(report: pd.DataFrame) -> Counter[str]:
    """How many utterances have a remark of a kind, which is what stands before its colon."""
    kinds: Counter[str] = Counter()
    for reason in report["reason"]:
        kinds.update({remark.partition(":")[0] for remark in reason.split("; ") if remark})
    return kinds


def _too_many(report: pd.DataFrame, count: int, limit: float, table: Path, copy: Path) -> str:
    failed = report[report["status"] == "failed"]
    reasons = "; ".join(f"{kind} ({times})" for kind, times in _remarks(failed).most_common(3))
    examples = "; ".join(f"{row.utterance}: {row.reason}" for row in failed.head(3).itertuples())
    return (
        f"{len(failed)} of {count} utterances failed, more than the fraction {limit:g} that "
        f"the config allows in features.max_failed_fraction. Reasons: {reasons}. First ones: "
        f"{examples}. All stand in {table} and {copy}"
    )
