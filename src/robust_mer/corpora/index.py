"""The index stage: a reader's findings as tables, and a memory of the recordings."""

from pathlib import Path

import pandas as pd

from robust_mer.corpora.durations import duration
from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError
from robust_mer.files import fast_hash, inside, whole
from robust_mer.jobs import log
from robust_mer.settings import load

_MAY_LACK = 0.5  # seconds by which an utterance may outlast its recording; annotators round


def index_corpus(
    utterances_csv: str | Path,
    problems_csv: str | Path,
    media_csv: str | Path,
    root: str | Path,
    reader: dict,
    max_left_out: float,
) -> None:
    """Read a corpus and write its index.

    Args:
        utterances_csv: An utterance a row, by session and name.
        problems_csv: What the reader skipped or found odd: ``file, line, problem``.
        media_csv: Size in bytes, modification time and fast hash of every recording.
        root: The corpus' folder.
        reader: ``implementation`` and ``settings``.
        max_left_out: Largest fraction of utterances that problems may cost.

    Raises:
        InputError: the root does not exist or holds no such corpus, or too many utterances were
            left out. The log then has all problems, since Snakemake removes a failed job's tables.
    """
    root = Path(root)
    if not root.is_dir():
        raise InputError(f"the corpus' root {root} is not a folder")
    reading = load(reader["implementation"])(root, reader["settings"])
    _check_times(root, reading)
    _check_losses(reading, max_left_out)
    try:
        table = reading.table()
    except InputError as error:
        raise InputError(f"{root}: {error}") from None
    with whole(utterances_csv) as unfinished:
        table.to_csv(unfinished, index=False)
    with whole(problems_csv) as unfinished:
        pd.DataFrame(reading.problems, columns=["file", "line", "problem"]).to_csv(
            unfinished, index=False
        )
    media = sorted({path for path in (*table["audio"], *table["video"]) if path})
    with whole(media_csv) as unfinished:
        pd.DataFrame(
            [remember(root, path) for path in media], columns=["path", "bytes", "mtime", "hash"]
        ).to_csv(unfinished, index=False)
    counts = ", ".join(f"{label} {n}" for label, n in table["label"].value_counts().items())
    log.info("%d utterances (%s), %d recordings", len(table), counts, len(media))
    for file, line, problem in reading.problems[:10]:
        log.info("%s:%d %s", file, line, problem)
    if len(reading.problems) > 10:
        log.info("%d problems in all, see %s", len(reading.problems), problems_csv)
    if reading.lost:
        log.info("%d utterances were left out because of problems", reading.lost)


def _check_times(root: Path, reading: Reading) -> None:
    """Note utterances that end behind their recording; what is left of them is extracted."""
    lengths: dict[str, float | None] = {}
    for row in reading.rows:
        if not row.get("end"):
            continue
        cut = [row.get("video", "")] + [row.get("audio", "")] * (row.get("audio_is_cut") == "0")
        for path in filter(None, cut):
            if path not in lengths:
                lengths[path] = duration(inside(root, path))
            length = lengths[path]
            if length is not None and float(row["end"]) > length + _MAY_LACK:
                reading.note(
                    *reading.origins.get(row["utterance"], (path, 0)),
                    f"{row['utterance']} ends at {float(row['end']):.2f} s, but {path} is "
                    f"{length:.2f} s long",
                )


def _check_losses(reading: Reading, max_left_out: float) -> None:
    total = len(reading.rows) + reading.lost
    if reading.lost <= max_left_out * total:
        return
    for file, line, problem in reading.problems:
        log.info("%s:%d %s", file, line, problem)
    lost = [p for p in reading.problems if p[2].endswith("; left out")]
    examples = "; ".join(f"{file}:{line} {problem}" for file, line, problem in lost[:3])
    raise InputError(
        f"{reading.lost} of {total} utterances were left out, more than the fraction "
        f"{max_left_out:g} that the corpus' max_left_out allows. First ones: {examples}. All stand "
        "in the log"
    )


def remember(root: Path, path: str) -> tuple[str, int, int, str]:
    """What tells a recording from a changed one: path, size, time of change (ns), fast hash."""
    file = inside(root, path)
    stat = file.stat()
    return path, stat.st_size, stat.st_mtime_ns, fast_hash(file)


def changed_media(media_csv: str | Path, root: str | Path) -> list[str]:
    """Recordings that are gone or no longer what the index saw; a touched one does not count."""
    changed = []
    for row in pd.read_csv(media_csv).itertuples():
        file = Path(root) / row.path
        try:
            stat = file.stat()
            same = stat.st_size == row.bytes and (
                stat.st_mtime_ns == row.mtime or fast_hash(file) == row.hash
            )
        except OSError:
            same = False
        if not same:
            changed.append(row.path)
    return changed
