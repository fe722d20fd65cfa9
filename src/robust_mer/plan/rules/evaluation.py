"""Jobs of workflow/rules/evaluation.smk."""

from typing import Any

from robust_mer.evaluation.spec import EvaluateSpec
from robust_mer.plan.grid import Training
from robust_mer.plan.job import Job
from robust_mer.plan.plan import Plan
from robust_mer.plan.rules.training import implementations
from robust_mer.runtime import Runtime


def evaluate_model(plan: Plan, wildcards: Any) -> Job:
    """Predictions of all replicas of a model for one corruption."""
    corpus, name, trained_on = wildcards.corpus, wildcards.model, wildcards.trained_on
    tested_on, layout = wildcards.tested_on, plan.layout
    replicas = plan.grid.replicas[Training(corpus, name, trained_on), tested_on]
    modalities = plan.modalities(corpus, name)
    corruption = plan.corruption(corpus, tested_on, name)
    has_schedule = bool(corruption.noises)
    return Job(
        "robust_mer.evaluation.evaluate:evaluate_replicas",
        EvaluateSpec(
            modalities=modalities,
            corruption=corruption,
            replicas=tuple(replicas),
            task=plan.corpora[corpus].task.plugin,
            implementation=plan.models[name].plugin.implementation,
        ),
        inputs={
            "utterances": layout.utterances(corpus),
            "folds": layout.folds(corpus),
            "features": plan.feature_files(corpus, modalities),
            "corrupted": [
                plan.corrupted_features(corpus, modality, raw)
                for modality, raw in corruption.recorded.items()
            ],
            "schedule": layout.schedule(corpus, tested_on) if has_schedule else [],
            "checkpoints": plan.checkpoints(corpus, name, trained_on, replicas),
        },
        uses=(
            plan.models[name].plugin.implementation,
            plan.corpora[corpus].task.plugin.implementation,
            *implementations([corruption]),
        ),
        runtime=Runtime(device=plan.config.training.device),
        gpu=int(plan.trains_on_gpu),
        replicas=len(replicas),
    )
