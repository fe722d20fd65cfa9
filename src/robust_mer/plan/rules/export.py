"""Jobs of workflow/rules/export.smk."""

from collections.abc import Sequence
from typing import Any

from robust_mer.conformal import taken_away, training_range
from robust_mer.errors import InputError
from robust_mer.export.spec import ExportFeaturesSpec, ExportModelSpec
from robust_mer.identity import code_identity
from robust_mer.plan.grid import Training
from robust_mer.plan.job import Job
from robust_mer.plan.layout import IMPORTED
from robust_mer.plan.plan import Plan
from robust_mer.plan.rules.training import implementations
from robust_mer.replicas import Replica


def export_model(plan: Plan, wildcards: Any) -> Job:
    """A trained replica as a self-contained folder."""
    function = "robust_mer.export.export:export_model"
    training = Training(wildcards.corpus, wildcards.model, wildcards.trained_on)
    corpus, model = plan.corpora[training.corpus].config, plan.models[training.model]
    modalities = plan.modalities(training.corpus, training.model)
    extractors = {
        modality.name: plan.extractors[modality.extractor]
        for modality in modalities
        if not modality.extractor.startswith(IMPORTED)
    }
    checkpoint = plan.layout.checkpoint(*training, wildcards.replica)
    replica = Replica.of(checkpoint)
    tested_on = [  # a teacher may have none
        name
        for name in plan.grid.tested_on.get(training, [])
        if replica in plan.grid.replicas[training, name]
    ]
    uses = (model.plugin.implementation, plan.corpora[training.corpus].task.plugin.implementation)
    return Job(
        function,
        ExportModelSpec(
            name=training.model,
            implementation=model.plugin.implementation,
            corpus=training.corpus,
            note=corpus.note,
            modalities=modalities,
            extractors={name: one.resolved.plugin for name, one in extractors.items()},
            recognisers={name: plan.recogniser for name, one in extractors.items() if one.is_heard},
            transcripts={name: one.transcript for name, one in extractors.items()},
            tested_on=tuple(tested_on),
            calibrated_on=_calibrated_on(plan, training, tested_on),
            config=_sections(plan, training),
            code=code_identity(function, *uses),
        ),
        inputs={
            "checkpoint": checkpoint,
            "features": plan.feature_files(training.corpus, modalities),
            "predictions": [plan.layout.predictions(*training, name) for name in tested_on],
        },
        uses=uses,
    )


def _calibrated_on(plan: Plan, training: Training, tested_on: Sequence[str]) -> dict[str, str]:
    """The tests in the range of a training, with the modalities that each takes away."""
    trained_on = plan.grid.parse_trained_on(training.trained_on).corruption
    met = training_range([trained_on, *plan.corruptions.members(trained_on)], tested_on)
    named = {name: plan.corruptions.named(name) for name in met}
    modalities = plan.corpora[training.corpus].names
    return {name: taken_away(name, named, modalities) for name in met}


def _sections(plan: Plan, training: Training) -> dict[str, Any]:
    """The sections of the config behind a model, without places on this machine."""
    model = plan.models[training.model]
    tuned = {"tune": plan.raw["models"][training.model]["tune"]} if model.candidates else {}
    teacher = plan.grid.teacher_of(training)
    if teacher is not None and plan.models[teacher.model].candidates:
        tuned["candidates_of_teacher"] = len(plan.models[teacher.model].candidates)
    config = plan.portable
    corpora = config["corpora"]
    members = {one.name: corpora[one.name] for one in plan.corpora[training.corpus].members}
    return {
        # The checkpoint has the settings.
        "model": {"implementation": model.plugin.implementation, **tuned},
        "corpus": corpora[training.corpus],
        **({"joined": members} if members else {}),
        "corruption": config["corruption"],
    }


def export_features(plan: Plan, wildcards: Any) -> Job:
    """The features of a fold under a corruption, in the layout of MMIN's code."""
    corpus = wildcards.corpus
    task = plan.corpora[corpus].task.plugin
    if plan.corpora[corpus].predicts.encoding != "class":
        raise InputError(
            f"{corpus}: MMIN's layout of features holds classes only, but the corpus' task is "
            f"{plan.corpora[corpus].config.task}"
        )
    corruption = plan.corruption(corpus, wildcards.corruption)
    if corruption.recorded:
        raise InputError(
            f"{corruption.name}: features of corrupted recordings are not exported; they are in "
            + ", ".join(
                plan.corrupted_features(corpus, modality, raw)
                for modality, raw in corruption.recorded.items()
            )
        )
    modalities = plan.modalities(corpus)
    schedule = plan.layout.schedule(corpus, wildcards.corruption)
    return Job(
        "robust_mer.export.mmin_layout:export_features",
        ExportFeaturesSpec(
            modalities=modalities,
            corruption=corruption,
            task=task,
            fold=int(wildcards.fold),
        ),
        inputs={
            "utterances": plan.layout.utterances(corpus),
            "folds": plan.layout.folds(corpus),
            "features": plan.feature_files(corpus, modalities),
            "schedule": schedule if corruption.noises else [],
        },
        uses=(task.implementation, *implementations([corruption])),
    )
