"""Rates of earlier runs, from their benchmarks."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from robust_mer.plan.tuning import MARK

RULES = ("train_model", "train_teacher", "evaluate_model", "extract_features", "extract_corrupted")


@dataclass(frozen=True)
class Rate:
    """What a job took."""

    seconds: float
    """Per replica and utterance, or per utterance of an extractor."""
    memory: float
    """MB at most."""
    known: bool = True
    """Whether this very model or extractor was measured."""


@dataclass
class Rates:
    """Rates by rule and model or extractor."""

    _jobs: dict[tuple[str, str], list[Rate]] = field(default_factory=lambda: defaultdict(list))

    def add(self, rule: str, name: str, rate: Rate) -> None:
        """Note a job."""
        self._jobs[rule, name].append(rate)

    def of(self, rule: str, name: str) -> Rate | None:
        """The mean of a model's jobs, or else the median of other models; None without any.

        The mean is what a sum of jobs needs: an early stop makes some short and some long.
        """
        if jobs := self._jobs.get((rule, name)):
            return Rate(sum(one.seconds for one in jobs) / len(jobs), max(o.memory for o in jobs))
        others = [one for (key, _), jobs in self._jobs.items() if key == rule for one in jobs]
        if not others:
            return None
        return Rate(median(o.seconds for o in others), max(o.memory for o in others), known=False)


def read_rates(results: Path) -> Rates:
    """Rates of all corpora in a folder of results; none without benchmarks that can be used."""
    rates = Rates()
    for folder in sorted(results.glob("*/benchmarks")):
        utterances = count_rows(folder.parent / "utterances.csv")
        for rule, name, path in _jobs(folder):
            units = utterances * (_replicas(folder.parent, rule, path) if "_model" in rule else 1)
            if units and (job := _read(path)):
                rates.add(rule, name, Rate(job[0] / units, job[1]))
    return rates


def count_rows(path: Path) -> int:
    """Rows of a table; 0 if it is not there."""
    if not path.is_file():
        return 0
    with path.open(encoding="utf-8", newline="") as file:
        return max(sum(1 for _ in csv.reader(file)) - 1, 0)


def _jobs(folder: Path) -> Iterator[tuple[str, str, Path]]:
    """(rule, model or extractor, file) of the benchmarks."""
    for rule in RULES:
        for path in sorted((folder / rule).rglob("*.tsv")):
            name = path.relative_to(folder / rule).parts[0] if "_model" in rule else path.stem
            yield rule, name.partition(MARK)[0], path  # candidates count for their model


def _replicas(corpus: Path, rule: str, path: Path) -> int:
    """How many replicas a job trained or tested: those whose files lie in the model's folder."""
    parts = path.relative_to(corpus / "benchmarks" / rule).parts
    pattern = "fold*_seed*.safetensors"
    if rule.startswith("train") and path.stem.partition("_")[0].startswith("fold"):
        fold = path.stem.partition("_")[0]
        pattern = pattern if fold.startswith("folds") else f"{fold}_seed*.safetensors"
    return len(list((corpus / "models").joinpath(*parts[:2]).glob(pattern)))


def _read(path: Path) -> tuple[float, float] | None:
    """Seconds and MB of a job; None if the file has no such numbers."""
    with path.open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file, delimiter="\t"), {})
    try:
        return float(row["s"]), float(row["max_rss"])
    except (KeyError, ValueError):
        return None
