"""Check that the files of a results folder belong together, according to its records."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from robust_mer.errors import InputError
from robust_mer.jobs import progress
from robust_mer.provenance.crate import CRATE, Crate, read_crate
from robust_mer.provenance.hashes import Content, Survey, survey
from robust_mer.provenance.ledger import Ledger, Record, RecordedFile, read_ledger
from robust_mer.provenance.record import FOLDER, LOGS, RESULTS
from robust_mer.provenance.remarks import remarks

_SIDE_FOLDERS = (FOLDER, LOGS, "benchmarks")
_UNRECORDED = ("snakemake_report.html", CRATE)
_TOUCHED_WITHIN = 600  # seconds within which Snakemake touches the outputs of a finished job
_NAMED = 3  # files that a message names

RERUN = "run snakemake again"


@dataclass(frozen=True)
class Problem:
    """Something that does not belong together."""

    kind: str
    path: str  # of the file, relative to the folder of the run
    what: str
    remedy: str


@dataclass(frozen=True)
class RuleCount:
    """Number and size of a rule's results."""

    rule: str
    jobs: int
    files: int
    bytes: int


@dataclass
class Verdict:
    """Result of `verify`."""

    results: str
    quick: bool
    rules: list[RuleCount] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The verdict as JSON for programs."""
        return {"belongs_together": not self.problems, **asdict(self)}


def verify(
    results: str | Path,
    quick: bool = False,
    media: Mapping[str, str | Path] | None = None,
    with_crate: bool = True,
) -> Verdict:
    """Compare a results folder with its records, and with its RO-Crate if it has one.

    Args:
        results: The folder.
        quick: Compare sizes and modification times; hash nothing.
        media: Roots of corpora by name, whose recordings are compared with the index.
        with_crate: Compare with the crate.

    Raises:
        InputError: there is no such folder.
    """
    results = Path(results).absolute()
    if not results.is_dir():
        raise InputError(f"there is no folder {results}: name the results/ of a run")
    ledger = read_ledger(results)
    if not any(results.iterdir()):
        raise InputError(f"{results} is empty: name the results/ of a run")
    damaged: list[Problem] = []
    crate = None
    try:
        crate = read_crate(results) if with_crate else None
    except InputError as error:
        damaged = [_damaged_crate(results, str(error))]
    outside = frozenset(ledger.discarded.values()) | (crate.outside if crate else frozenset())
    roots = {name: Path(root) for name, root in (media or {}).items()}
    check = _Check(ledger, quick, roots, outside)
    verdict = Verdict(results.name, quick, _count(ledger))
    verdict.problems = [
        *check.broken(),
        *check.outputs(),
        *check.inputs(),
        *check.unaccounted(),
        *check.recordings(),
        *damaged,
    ]
    if crate is not None:
        verdict.problems += _not_as_packed(crate, results, check.today, quick, verdict.problems)
    verdict.remarks = [*check.remarks(), *remarks(ledger)]
    return verdict


def _count(ledger: Ledger) -> list[RuleCount]:
    rules: dict[str, list[list[RecordedFile]]] = defaultdict(list)
    for record in ledger.current:
        rules[record.stem].append(ledger.outputs(record))
    return [
        RuleCount(
            rule,
            len(jobs),
            sum(one.files or 1 for outputs in jobs for one in outputs),
            sum(one.bytes for outputs in jobs for one in outputs),
        )
        for rule, jobs in sorted(rules.items())
    ]


def _damaged_crate(results: Path, reason: str) -> Problem:
    return Problem(
        "crate",
        f"{results.name}/{CRATE}",
        reason,
        "get an intact copy; where the run was made, write it again with robust-mer crate",
    )


def _not_as_packed(
    crate: Crate,
    results: Path,
    today: Mapping[Path, Survey | Content],
    quick: bool,
    problems: list[Problem],
) -> Iterator[Problem]:
    """Yield a problem for every file that differs from the crate and has no problem yet."""
    named = {problem.path for problem in problems}
    for name, state in crate.differences(results, today, quick):
        if f"{RESULTS}/{name}" not in named:
            yield Problem(
                "crate",
                f"{RESULTS}/{name}",
                f"{state}, unlike when the crate was written",
                "get an intact copy; where the run has gone on since, run robust-mer crate again",
            )


class _Check:
    """The single comparisons; ``outside`` are hashes of inputs that need not be here."""

    def __init__(
        self, ledger: Ledger, quick: bool, media: dict[str, Path], outside: frozenset[str]
    ) -> None:
        self._ledger, self._quick, self._media, self._outside = ledger, quick, media, outside
        self.today = self._look()

    def _look(self) -> Mapping[Path, Survey | Content]:
        """Hash, or only size and time, of every file that the records name and that exists."""
        recorded: set[RecordedFile] = set()
        for record in self._ledger.current:
            recorded.update(self._ledger.outputs(record), self._ledger.inputs(record))
        places = {self._place(one) for one in recorded}
        self._out_of_reach = sum(self._place(one) is None for one in recorded)
        surveys: dict[Path, Survey] = {}
        for place in sorted(place for place in places if place is not None):
            try:
                surveys[place] = survey(place)
            except (OSError, ValueError):
                continue
        if self._quick:
            return surveys
        total = sum(one.bytes for one in surveys.values()) // 1_000_000
        megabytes = {place: one.bytes // 1_000_000 for place, one in surveys.items()}
        hashed: dict[Path, Content] = {}
        for place in progress(surveys, total, "MB hashed", size=megabytes.__getitem__):
            try:
                hashed[place] = surveys[place].hashed()
            except OSError:  # deleted meanwhile, or unreadable
                continue
        return hashed

    def _place(self, one: RecordedFile) -> Path | None:
        """Path of a recorded file; None if the root of its corpus is unknown."""
        if one.corpus is None:
            return self._ledger.place(one.path)
        root = self._media.get(one.corpus)
        return root and root / one.path

    def _now(self, one: RecordedFile) -> Survey | Content | None:
        """The present state of a recorded file; None if it is missing or its root is unknown."""
        place = self._place(one)
        return None if place is None else self.today.get(place)

    def _is_as_recorded(self, one: RecordedFile, today: Survey | Content, written: float) -> bool:
        """Whether a file is still what a job read or wrote.

        Args:
            one: The recorded file.
            today: Its present state.
            written: When the job that wrote it ended, in seconds since 1970; 0 for an input.
        """
        if isinstance(today, Content):
            return today.sha256 == one.sha256
        files = None if today.members is None else len(today.members)
        if (today.bytes, files) != (one.bytes, one.files):
            return False
        latest = (written + _TOUCHED_WITHIN) * 1e9 if written else one.mtime_ns
        return one.mtime_ns <= today.mtime_ns <= latest

    def broken(self) -> Iterator[Problem]:
        """Yield a problem for every record that cannot be read."""
        for path, reason in self._ledger.broken:
            location = path.relative_to(self._ledger.results.parent).as_posix()
            yield Problem(
                "broken record",
                location,
                f"not a valid record: {reason}",
                f"delete it and the results of its rule, and {RERUN}",
            )

    def outputs(self) -> Iterator[Problem]:
        """Yield a problem for every result that is gone or no longer what its job wrote."""
        for record in self._ledger.current:
            outputs = self._ledger.outputs(record)
            gone = [one for one in outputs if self._place(one) not in self.today]
            for one in gone:
                yield Problem(
                    "gone",
                    one.path,
                    f"{record.name} wrote it, but it is missing or cannot be read",
                    f"{RERUN}; or delete {self._shown(record.file)} if you do not need the result",
                )
            for one in outputs:
                today = self._now(one)
                if today is None or self._is_as_recorded(one, today, record.finished):
                    continue
                readers = len(self._readers.get((one.path, one.sha256), ()))
                note = f"; jobs that read its old content: {readers}" if readers else ""
                yield Problem(
                    "changed",
                    one.path,
                    f"is not what {record.name} wrote{_sizes(one, today)}{note}",
                    f"delete it and {RERUN}"
                    if not self._quick or today.bytes != one.bytes
                    else "run without --quick to compare its content",
                )

    @cached_property
    def _written(self) -> dict[str, RecordedFile]:
        """Current outputs by path."""
        current = self._ledger.current
        return {one.path: one for record in current for one in self._ledger.outputs(record)}

    @cached_property
    def _readers(self) -> dict[tuple[str, str], list[Record]]:
        """Jobs by path and hash of their inputs."""
        readers: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for record in self._ledger.current:
            for one in self._ledger.inputs(record):
                readers[one.path, one.sha256].append(record)
        return readers

    def inputs(self) -> Iterator[Problem]:
        """Yield a problem for every job whose inputs have changed since.

        An input that differs from what its job wrote is a problem of `outputs`, not of this.
        """
        for record in self._ledger.current:
            superseded, changed = [], []
            for one in self._ledger.inputs(record):
                written = self._written.get(one.path) if one.corpus is None else None
                if written is not None:
                    if written.sha256 != one.sha256:
                        superseded.append(one)
                elif self._place(one) is not None:
                    today = self._now(one)
                    if today is None and one.sha256 in self._outside:
                        self._out_of_reach += 1
                    elif today is None or not self._is_as_recorded(one, today, 0):
                        changed.append(one)
            results = _listed([one.path for one in self._ledger.outputs(record)])
            if superseded:
                makers = {self._ledger.producers[one.path].name for one in superseded}
                yield Problem(
                    "out of date",
                    self._ledger.outputs(record)[0].path,
                    f"{record.name} made {results} from an older version of "
                    f"{_listed([one.path for one in superseded])} than {_listed(sorted(makers))} "
                    "wrote last",
                    f"{RERUN}; if it has nothing to do, delete the outputs of {record.name} first",
                )
            if changed:
                yield Problem(
                    "out of date",
                    self._ledger.outputs(record)[0].path,
                    f"{record.name} made {results} from {_listed([one.path for one in changed])}, "
                    "since changed or deleted",
                    f"{RERUN}; if it has nothing to do, delete the outputs of {record.name} first",
                )

    def unaccounted(self) -> Iterator[Problem]:
        """Yield a problem for every file without a record."""
        results = self._ledger.results
        known = {self._ledger.place(path) for path in self._ledger.producers}
        for file in _files_below(results, known):
            yield Problem(
                "no record",
                self._shown(file),
                "no record describes how it was made",
                f"if it is a result, delete it and {RERUN}, which writes a record; delete it if it "
                "is a leftover or not a result",
            )

    def recordings(self) -> Iterator[Problem]:
        """Yield a problem for every recording that has changed since it was indexed."""
        from robust_mer.corpora.index import changed_media  # needs pandas

        for corpus, root in self._media.items():
            table = self._ledger.results / corpus / "media.csv"
            try:
                changed = changed_media(table, root)
            except (OSError, ValueError, AttributeError, TypeError) as error:
                raise InputError(
                    f"{table} cannot be read as the index of {corpus}'s recordings: {error}"
                ) from None
            for path in changed:
                yield Problem(
                    "recording",
                    path,
                    f"this recording of {corpus} is missing or has changed since it was indexed",
                    "snakemake --forcerun index_corpus extract_features find_faces",
                )

    def remarks(self) -> Iterator[str]:
        """Yield what could not be compared."""
        if self._out_of_reach:
            yield (
                "not compared, because discarded or outside the folder of the run: "
                f"{self._out_of_reach} of the inputs; --media CORPUS=ROOT compares the files of a "
                "corpus"
            )
        locks = self._ledger.results.parent / ".snakemake" / "locks"
        if locks.is_dir() and any(locks.iterdir()):
            yield "a run is in progress here, or was killed: some of its results may be missing"

    def _shown(self, file: Path) -> str:
        return file.relative_to(self._ledger.results.parent).as_posix()


def _files_below(results: Path, known: set[Path]) -> Iterator[Path]:
    """Files that are neither known, nor in a known folder, nor records, logs or hidden."""
    waiting = [results]
    while waiting:
        folder = waiting.pop()
        depth = len(folder.relative_to(results).parts)
        try:
            paths = sorted(folder.iterdir(), reverse=True)
        except OSError as error:
            raise InputError(f"{folder} cannot be read: {error.strerror}") from None
        for path in paths:
            aside = depth < 2 and path.name in _SIDE_FOLDERS
            if path in known or path.name.startswith(".") or (aside and path.is_dir()):
                continue
            if path.is_dir() and not path.is_symlink():
                waiting.append(path)
            elif not (depth == 0 and path.name in _UNRECORDED):
                yield path


def _sizes(one: RecordedFile, today: Survey | Content) -> str:
    if today.bytes != one.bytes:
        return f": {today.bytes} bytes, not {one.bytes}"
    if isinstance(today, Survey):
        date = time.strftime("%Y-%m-%d %H:%M", time.localtime(today.mtime_ns / 1e9))
        return f", by its time, {date}"
    return ""


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
