"""The work of a planned run: jobs, hours, memory, disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from robust_mer.forecast.measured import Rates, count_rows
from robust_mer.plan.plan import Plan


@dataclass(frozen=True)
class Work:
    """Jobs of a kind for a model or an extractor."""

    rule: str
    corpus: str
    name: str
    jobs: int
    units: int
    """Replicas trained, replicas tested, or extractions."""


@dataclass(frozen=True)
class Cost:
    """What jobs will take; None where nothing like them was measured."""

    work: Work
    hours: float | None
    memory: float | None
    """MB of a job."""
    known: bool


def work_of(plan: Plan) -> Iterator[Work]:
    """The trainings, tests and extractions of a run; files that exist are not left out."""
    trained: dict[tuple[str, str], list[int]] = {}
    for job in plan.grid.training_jobs:
        model = plan.models[job.training.model].tuned_model or job.training.model
        counts = trained.setdefault((job.training.corpus, model), [0, 0])
        counts[0] += 1
        counts[1] += len(job.replicas)
    for (corpus, model), (jobs, replicas) in trained.items():
        yield Work("train_model", corpus, model, jobs, replicas)
    tested: dict[tuple[str, str], list[int]] = {}
    for (training, _), requested in plan.grid.replicas.items():
        counts = tested.setdefault((training.corpus, training.model), [0, 0])
        counts[0] += 1
        counts[1] += len(requested)
    for (corpus, model), (jobs, replicas) in tested.items():
        yield Work("evaluate_model", corpus, model, jobs, replicas)
    for corpus_plan in plan.recorded_corpora:
        for modality in plan.modalities(corpus_plan.name):
            yield Work("extract_features", corpus_plan.name, modality.extractor, 1, 1)


def cost_of(work: Work, rates: Rates, utterances: int) -> Cost:
    """What jobs take on a corpus of so many utterances."""
    rate = rates.of(work.rule, work.name)
    if rate is None:
        return Cost(work, None, None, False)
    hours = rate.seconds * work.units * utterances / 3600
    return Cost(work, hours, rate.memory, rate.known)


def utterances_of(corpus: str, results: Path) -> int:
    """How many utterances the index of a corpus has; 0 before it is indexed."""
    return count_rows(results / corpus / "utterances.csv")
