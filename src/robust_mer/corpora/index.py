"""The index stage: a corpus' utterances as tables, and a memory of its recordings."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from robust_mer.corpora.durations import duration
from robust_mer.corpora.reader import Reader
from robust_mer.corpora.recognition import other_readers
from robust_mer.corpora.remarks import add_remarks
from robust_mer.corpora.utterances import COLUMNS, LEFT_OUT, Reading
from robust_mer.errors import InputError, WrongRootError
from robust_mer.files import fast_hash, inside, whole, write_text
from robust_mer.jobs import log
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.tasks.task import Task, read_targets

if TYPE_CHECKING:
    import pandas as pd

_MAY_LACK = 0.5  # seconds by which an utterance may outlast its recording; annotators round
_SHOWN = 10  # problems in the log
_MEDIA = ["path", "bytes", "mtime", "hash"]


@dataclass(frozen=True)
class IndexSpec:
    """What makes an index."""

    reader: Plugin
    """A `robust_mer.corpora.reader.Reader`."""
    task: Plugin
    """What is predicted."""
    keeps_unlabelled: bool = False
    """Whether utterances without a target stay in the index."""


@dataclass(frozen=True)
class IndexFiles:
    """Files of an index."""

    utterances: Path
    """Output: an utterance a row, by session and name."""
    problems: Path
    """Output: what the reader skipped or noted: ``file, line, problem``."""
    media: Path
    """Output: ``path, bytes, mtime, hash`` of every recording."""
    recordings: Path
    """Output: one hash of all recordings. Jobs that read recordings have it as an input."""
    tables: list[Path] = field(default_factory=list)
    """Input: the corpus' own tables, for Snakemake to watch."""


def index_corpus(spec: IndexSpec, files: IndexFiles, runtime: Runtime) -> None:
    """Read a corpus and write its index.

    Uses ``root``, ``max_left_out`` and ``columns`` of the runtime.

    Raises:
        InputError: the root does not exist or holds no such corpus, a column is missing, or too
            many utterances were left out. The log then has all problems, since Snakemake removes a
            failed job's tables.
    """
    import pandas as pd

    root = Path(runtime.root)
    if not root.is_dir():
        raise InputError(f"the corpus' root {root} is not a folder")
    reader: Reader = spec.reader.build(root)
    task: Task = spec.task.build()
    reader.needs_label = "label" in task.columns
    try:
        reading = reader.read()
    except WrongRootError as error:
        raise InputError(f"{error}{other_readers(root, reader)}") from None
    try:
        if not spec.keeps_unlabelled:
            _leave_out_unlabelled(reading, task, reader.needs_label)
    except InputError as error:
        raise InputError(f"{root}: {error}") from None
    check_times(root, reading)
    add_remarks(reading)
    _check_losses(reading, runtime.max_left_out)
    try:
        table = reading.table()
        learnt, target = read_targets(table, task)
        counts = ", ".join(f"{name} {n}" for name, n in learnt.counts(target).items())
    except InputError as error:
        raise InputError(f"{root}: {error}") from None
    check_columns(runtime.columns, table.columns, f"the corpus in {root}")
    with whole(files.utterances) as unfinished:
        table.to_csv(unfinished, index=False)
    with whole(files.problems) as unfinished:
        pd.DataFrame(reading.problems, columns=["file", "line", "problem"]).to_csv(
            unfinished, index=False
        )
    media = sorted({path for path in (*table["audio"], *table["video"]) if path})
    write_media(
        pd.DataFrame([remember(root, path) for path in media], columns=_MEDIA),
        files.media,
        files.recordings,
    )
    log.info("%d utterances (%s), %d recordings", len(table), counts, len(media))
    for file, line, problem in reading.problems[:_SHOWN]:
        log.info("%s:%d %s", file, line, problem)
    if len(reading.problems) > _SHOWN:
        log.info("number of problems: %d, see %s", len(reading.problems), files.problems)
    if reading.lost:
        log.info("%d utterances were left out because of problems", reading.lost)


def check_columns(used: Iterable[str], columns: Iterable[str], corpus: str) -> None:
    """Check that the index has the columns of ``split_by``.

    Raises:
        InputError: it lacks one.
    """
    columns = list(columns)
    if absent := [column for column in used if column not in columns]:
        raise InputError(
            f"config: split_by names {', '.join(absent)}, which {corpus} does not have; it has "
            f"the columns {', '.join(columns)}"
        )


def _leave_out_unlabelled(reading: Reading, task: Task, needs_label: bool) -> None:
    """Take out the utterances without a target. One without a label is lost, like a broken file.

    Raises:
        InputError: no utterance has a target, or the corpus has no such column.
    """
    import pandas as pd

    columns = [*COLUMNS, *reading.more]
    if absent := [column for column in task.columns if column not in columns]:
        raise InputError(
            f"the corpus has no column {absent[0]!r}, which `target` in the config names; it has "
            f"{', '.join(columns)}"
        )
    cells = [{name: row.get(name, "") for name in task.columns} for row in reading.rows]
    missing = task.is_missing(pd.DataFrame(cells, columns=list(task.columns), dtype=str))
    if len(missing) and missing.all():
        raise InputError(f"no utterance has a target in {', '.join(task.columns)}")
    target = " or no ".join(task.columns)
    rows, reading.rows = reading.rows, []
    for row, is_missing in zip(rows, missing, strict=True):
        what = f"{row['utterance']} has no {target}"
        if not is_missing:
            reading.rows.append(row)
        elif needs_label:
            reading.skip(*reading.origins[row["utterance"]], what)
        else:
            reading.note(*reading.origins[row["utterance"]], f"{what}; not used")
    if missing.any():
        lost = int(missing.sum())
        log.warning("%d of %d utterances have no target; left out", lost, len(missing))


def check_times(root: Path, reading: Reading) -> None:
    """Note utterances that end after their recording; what is left of them is extracted."""
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
                file, line = reading.origins.get(row["utterance"], (path, 0))
                reading.note(
                    file,
                    line,
                    f"{row['utterance']} ends at {float(row['end']):.2f} s, but {path} is "
                    f"{length:.2f} s long",
                )


def _check_losses(reading: Reading, max_left_out: float) -> None:
    message = too_many_left_out(reading.problems, len(reading.rows), max_left_out)
    if not message:
        return
    for file, line, problem in reading.problems:
        log.info("%s:%d %s", file, line, problem)
    raise InputError(f"{message}. The log lists all")


def too_many_left_out(
    problems: Iterable[tuple[str, int | str, str]], kept: int, max_left_out: float
) -> str:
    """What is wrong if more utterances were left out than allowed; "" if they were not.

    Args:
        problems: File, line and problem of everything that the reader noted.
        kept: Number of utterances in the index.
        max_left_out: See the section of the corpus.
    """
    lost = [
        f"{file}:{line} {problem}" for file, line, problem in problems if problem.endswith(LEFT_OUT)
    ]
    total = kept + len(lost)
    if len(lost) <= max_left_out * total:
        return ""
    examples = "; ".join(lost[:3])
    return (
        f"{len(lost)} of {total} utterances were left out, more than the fraction "
        f"{max_left_out:g} that max_left_out of the corpus allows. The first: {examples}"
    )


def write_media(media: "pd.DataFrame", table: Path, recordings: Path) -> None:
    """Write the memory of the recordings, and one hash of all of them.

    A recording that was only touched does not change the hash.

    Args:
        media: ``path, bytes, mtime, hash``, a recording a row.
        table: To write: the memory.
        recordings: To write: the hash.
    """
    with whole(table) as unfinished:
        media.to_csv(unfinished, index=False)
    lines = media[["path", "bytes", "hash"]].sort_values("path").to_csv(index=False)
    write_text(recordings, f"{hashlib.sha256(lines.encode()).hexdigest()}\n")


def remember(root: Path, path: str) -> tuple[str, int, int, str]:
    """Path, size in bytes, modification time in ns and fast hash of a recording."""
    file = inside(root, path)
    stat = file.stat()
    return path, stat.st_size, stat.st_mtime_ns, fast_hash(file)


def changed_media(media_csv: str | Path, root: str | Path) -> list[str]:
    """Recordings that are gone or have changed since they were indexed.

    A recording that was only touched does not count.

    Args:
        media_csv: The index' memory of the recordings.
        root: The corpus' folder.

    Returns:
        Their paths, relative to the root.

    Raises:
        OSError: there is no such table.
        ValueError: it is something else.
    """
    import pandas as pd

    changed = []
    text = {"path": str, "hash": str}
    media = pd.read_csv(media_csv, usecols=_MEDIA, dtype=text, keep_default_na=False)
    columns = (media[column] for column in _MEDIA)
    for path, size, mtime, known in zip(*columns, strict=True):
        file = Path(root) / path
        try:
            stat = file.stat()
            same = stat.st_size == size and (stat.st_mtime_ns == mtime or fast_hash(file) == known)
        except OSError:
            same = False
        if not same:
            changed.append(path)
    return changed
