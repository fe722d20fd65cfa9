"""Remarks on results that are not errors: mixed versions of code, packages and machines."""

from collections import defaultdict
from collections.abc import Iterator

from robust_mer.errors import InputError
from robust_mer.identity import code_identity
from robust_mer.provenance.checkout import name_of
from robust_mer.provenance.ledger import Ledger, Record

_PACKAGE = "robust_mer."
_MACHINE = ("platform", "processor", "device")


def remarks(ledger: Ledger) -> Iterator[str]:
    """Yield a sentence for each."""
    yield from _other_code(ledger.current)
    yield from _mixed_code(ledger.current)
    for experiment, records in _experiments(ledger).items():
        yield from _mixed_versions(experiment, records)


def _other_code(records: list[Record]) -> Iterator[str]:
    """Results of code that differs from this checkout; a run would make them again."""
    jobs: dict[tuple[str, str, tuple[str, ...]], int] = defaultdict(int)
    for record in records:
        jobs[record.stem, record.identity, tuple(record.implementations)] += 1
    for (rule, identity, implementations), number in sorted(jobs.items()):
        # finding the source of a user's module would import the packages above it
        if not all(name.startswith(_PACKAGE) for name in implementations):
            continue
        try:
            same = code_identity(*implementations) == identity
        except InputError:
            same = False  # a module that no longer exists
        if not same:
            yield (
                f"jobs of {rule} that used code different from this checkout's "
                f"({', '.join(implementations)}): {number}; snakemake would run them again"
            )


def _mixed_code(records: list[Record]) -> Iterator[str]:
    versions: dict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)
    for record in records:
        versions[record.stem, tuple(record.implementations)].add(record.identity)
    for (rule, implementations), identities in sorted(versions.items()):
        if len(identities) > 1:
            yield (
                f"jobs of {rule} used {len(identities)} versions of the same code "
                f"({', '.join(implementations)})"
            )


def _experiments(ledger: Ledger) -> dict[str, list[Record]]:
    """All records behind an experiment's tables and figures, by experiment."""
    outputs: dict[str, list[str]] = defaultdict(list)
    for record in ledger.current:
        if "experiment" in record.wildcards:
            outputs[record.wildcards["experiment"]] += [o.path for o in ledger.outputs(record)]
    return {name: ledger.behind(paths) for name, paths in sorted(outputs.items())}


def _mixed_versions(experiment: str, records: list[Record]) -> Iterator[str]:
    values: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for record in records:
        values["robust-mer"][name_of(record.software)] += 1
        for package, version in record.packages.items():
            values[package][version] += 1
        for key in _MACHINE:
            values[key][record.host[key]] += 1
    for key, counts in values.items():
        if len(counts) > 1:
            each = ", ".join(f"{value} ({number} jobs)" for value, number in sorted(counts.items()))
            yield f"experiment {experiment} mixes {key}: {each}"
