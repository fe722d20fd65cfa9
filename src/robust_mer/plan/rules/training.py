"""Jobs of workflow/rules/training.smk."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from robust_mer.conditions import Corruption
from robust_mer.identity import code_identity
from robust_mer.plan.grid import ChoosingJob, Training, TrainingJob
from robust_mer.plan.job import Job
from robust_mer.plan.layout import CHECKPOINT, HISTORY
from robust_mer.plan.plan import Plan
from robust_mer.plan.recorded import recorded, recorded_files
from robust_mer.runtime import Runtime
from robust_mer.training.choose import ChooseSpec
from robust_mer.training.spec import TrainSpec

FUNCTION = "robust_mer.training.train:train_replicas"


def train_model(jobs: Sequence[TrainingJob]) -> Callable[[Plan, Any], Job]:
    """A maker of jobs for the rule that trains the replicas of these jobs."""

    def make(plan: Plan, wildcards: Any) -> Job:
        training = Training(wildcards.corpus, wildcards.model, wildcards.trained_on)
        return _train(plan, replace(jobs[0], training=training))

    return make


def _train(plan: Plan, job: TrainingJob) -> Job:
    corpus, name, trained_on = job.training
    layout, model = plan.layout, plan.models[name]
    modalities = plan.modalities(corpus, name)
    corruptions = plan.trained_on(corpus, name, trained_on)
    protocol = plan.protocols[plan.grid.parse_trained_on(trained_on).protocol].plugin
    task = plan.corpora[corpus].task.plugin
    features = recorded(plan, corruptions)
    teacher = plan.grid.teacher_of(job.training)
    uses = (
        model.plugin.implementation,
        protocol.implementation,
        task.implementation,
        *implementations(corruptions),
    )
    return Job(
        FUNCTION,
        TrainSpec(
            model=model.plugin,
            modalities=modalities,
            trained_on=trained_on,
            corruptions=corruptions,
            protocol=protocol,
            task=task,
            recorded=features,
            teacher=plan.models[teacher.model].plugin.implementation if teacher else None,
            code=code_identity(FUNCTION, *uses),
            is_candidate=model.tuned_model is not None,
        ),
        inputs={
            "utterances": layout.utterances(corpus),
            "folds": layout.folds(corpus),
            "features": plan.feature_files(corpus, modalities),
            "schedules": [layout.schedule(corpus, c.name) for c in corruptions if c.noises],
            "recorded": recorded_files(plan, corpus, features),
            "teachers": plan.checkpoints(*teacher, job.replicas) if teacher else [],
        },
        chosen={"teacher": teacher.model} if teacher else {},
        uses=uses,
        runtime=Runtime(
            device=plan.config.training.device, max_replicas=plan.config.training.max_replicas
        ),
        gpu=int(plan.trains_on_gpu),
        replicas=len(job.replicas),
    )


def choose_model(jobs: Sequence[ChoosingJob]) -> Callable[[Plan, Any], Job]:
    """A maker of jobs for the rule that chooses the replicas of these jobs."""

    def make(plan: Plan, wildcards: Any) -> Job:
        training = Training(wildcards.corpus, wildcards.model, wildcards.trained_on)
        candidates = plan.grid.candidates_of(training)
        task = plan.corpora[training.corpus].task.plugin
        values = {one.model: plan.models[one.model].tuned_values for one in candidates}
        return Job(
            "robust_mer.training.choose:choose_replicas",
            ChooseSpec(values, task),
            inputs={
                name: [
                    path
                    for one in candidates
                    for path in plan.checkpoints(*one, jobs[0].replicas, suffix)
                ]
                for name, suffix in (("trained", CHECKPOINT), ("trained_histories", HISTORY))
            },
            uses=(task.implementation,),
        )

    return make


def implementations(corruptions: Sequence[Corruption]) -> list[str]:
    """Implementations of the noises in ``corruptions``."""
    return sorted({noise.implementation for c in corruptions for noise in c.noises.values()})
