"""Features of corrupted recordings that trainings read: which, how many, and what they cost."""

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from robust_mer.conditions import Corruption
from robust_mer.plan.plan import Plan
from robust_mer.training.spec import Recorded


def recorded(plan: Plan, corruptions: Iterable[Corruption]) -> tuple[Recorded, ...]:
    """The features of corrupted recordings behind some corruptions, each once."""
    pairs = dict.fromkeys(
        (raw, modality) for one in corruptions for modality, raw in one.recorded.items()
    )
    return tuple(
        Recorded(name, modality, plan.config.corruption.draws if raw.is_random else 1)
        for name, modality in pairs
        if (raw := plan.corruptions.raw(name)) is not None
    )


def recorded_files(plan: Plan, corpus: str, features: Iterable[Recorded]) -> list[str]:
    """Their files, every draw of the first, then of the second, and so on."""
    return [
        plan.corrupted_features(corpus, one.modality, one.corruption, draw=draw)
        for one in features
        for draw in range(1, one.draws + 1)
    ]


def recorded_in_run(plan: Plan, corpus: str) -> tuple[Recorded, ...]:
    """Those that the trainings of the run read."""
    trainings = [job.training for job in plan.grid.training_jobs if job.training.corpus == corpus]
    return recorded(
        plan, (one for training in dict.fromkeys(trainings) for one in plan.trained_on(*training))
    )


def extraction_messages(plan: Plan) -> list[str]:
    """What training on corrupted recordings takes to extract, a message per corpus."""
    messages = []
    for corpus in plan.grid.corpora:
        features = recorded_in_run(plan, corpus)
        if not features:
            continue
        draws: Counter[str] = Counter()
        for one in features:
            draws[one.modality] += one.draws
        files = recorded_files(plan, corpus, features)
        existing = sum(Path(path).is_file() for path in files)
        by_modality = ", ".join(f"{number} of {modality}" for modality, number in draws.items())
        messages.append(
            f"{corpus}: training on corrupted recordings needs {_extractions(len(files))} "
            f"({by_modality}; up to {plan.config.corruption.draws} draws of each corruption, "
            f"corruption.draws){_each(plan, corpus, len(files))}; {existing} of them exist"
        )
    return messages


def _extractions(number: int) -> str:
    return "1 extraction" if number == 1 else f"{number} extractions"


def _each(plan: Plan, corpus: str, extractions: int) -> str:
    """How many utterances are extracted, once the corpus is indexed."""
    index = Path(plan.layout.utterances(corpus))
    if not index.is_file():
        return " of the whole corpus"
    with index.open(encoding="utf-8", newline="") as file:
        utterances = sum(1 for _ in csv.reader(file)) - 1
    return f" of {utterances} utterances each, {extractions * utterances} in all"
