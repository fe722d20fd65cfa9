"""Software, seeds and data of a whole run from its records, for the report."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from robust_mer.provenance.checkout import name_of
from robust_mer.provenance.ledger import Record, read_ledger

_TABLES = ("utterances.csv", "folds.csv", "schedule.csv")
_FEATURES = ("features", ".h5")  # their folder and their suffix
_DIGITS = 16  # of a hash that are shown


@dataclass(frozen=True)
class MadeWith:
    """Tables of the report, each a list of rows."""

    versions: list[list[str]]  # package or host property, value, number of jobs that had it
    seeds: list[list[str]]  # rule, name of the seed, values
    data: list[list[str]]  # file, rule that wrote it, MB, start of its SHA-256
    unrecorded: int  # results without a record


def made_with(results: str | Path, files: Iterable[str]) -> MadeWith:
    """What the jobs behind some results ran with and read.

    Args:
        results: The folder with all results and records.
        files: The results, by their paths.
    """
    files = list(files)
    ledger = read_ledger(results)
    records = ledger.behind(files)
    data = [
        [one.path, record.stem, f"{one.bytes / 1e6:.1f}", one.sha256[:_DIGITS]]
        for record in records
        for one in ledger.outputs(record)
        if _is_data(Path(one.path))
    ]
    return MadeWith(
        _versions(records),
        _seeds(records),
        sorted(data),
        len([path for path in files if path not in ledger.producers]),
    )


def _is_data(path: Path) -> bool:
    return path.name in _TABLES or (path.parent.name, path.suffix) == _FEATURES


def _versions(records: list[Record]) -> list[list[str]]:
    jobs: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for record in records:
        jobs["robust-mer"][name_of(record.software)] += 1
        jobs["snakemake"][record.software["snakemake"] or "not known"] += 1
        for package in sorted(record.packages):
            jobs[package][record.packages[package]] += 1
        for key, value in record.host.items():
            jobs[key][value] += 1
    first = ("robust-mer", "snakemake", "Python")
    names = [*(name for name in first if name in jobs), *sorted(set(jobs) - set(first))]
    return [
        [name, version, str(number)]
        for name in names
        for version, number in sorted(jobs[name].items())
    ]


def _seeds(records: list[Record]) -> list[list[str]]:
    values_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for record in records:
        for place, value in record.seeds.items():
            values = value if isinstance(value, list) else [value]
            values_of[record.stem, place.rpartition(".")[2]].update(map(str, values))
    return [
        [rule, name, ", ".join(sorted(values, key=lambda value: (len(value), value)))]
        for (rule, name), values in sorted(values_of.items())
    ]
