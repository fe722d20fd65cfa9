"""Jobs of workflow/rules/corruption.smk."""

from typing import Any

from robust_mer.corruption.specs import MeasureSpec, ScheduleSpec
from robust_mer.plan.job import Job
from robust_mer.plan.plan import Plan
from robust_mer.plan.rules.training import implementations


def schedule_noise(plan: Plan, wildcards: Any) -> Job:
    """The noise schedule of a corruption of features."""
    corpus, layout = wildcards.corpus, plan.layout
    corruption = plan.corruption(corpus, wildcards.corruption)
    modalities = plan.corpora[corpus].of_model(list(corruption.noises))
    return Job(
        "robust_mer.corruption.corrupt:write_schedule",
        ScheduleSpec(
            corruption=corruption,
            modalities=modalities,
            mode=plan.config.corruption.mode,
            schedule=plan.config.corruption.schedule,
        ),
        inputs={
            "utterances": layout.utterances(corpus),
            "folds": layout.folds(corpus),
            "features": plan.feature_files(corpus, modalities),
        },
        uses=tuple(implementations([corruption])),
    )


def measure_corrupted(plan: Plan, wildcards: Any) -> Job:
    """The true SNR of features under a corruption of recordings."""
    corpus = wildcards.corpus
    raw = plan.corruptions.raw(wildcards.raw)
    assert raw is not None, wildcards.raw
    modality = plan.corpora[corpus].modality(raw.modality)
    return Job(
        "robust_mer.corruption.raw.measure:write_measured",
        MeasureSpec(modality=modality),
        inputs={
            "utterances": plan.layout.utterances(corpus),
            "folds": plan.layout.folds(corpus),
            "clean": plan.layout.features(corpus, modality.features),
            "corrupted": plan.corrupted_features(corpus, raw.modality, wildcards.raw),
        },
    )
