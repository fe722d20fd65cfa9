"""Export of one trained replica."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from robust_mer.engine.facts import read_facts
from robust_mer.evaluation.summary import columns_of
from robust_mer.export.card import write_card
from robust_mer.export.folder import ModalityInput, copy_weights, write_description
from robust_mer.export.sets import calibrate
from robust_mer.export.spec import ExportModelFiles, ExportModelSpec
from robust_mer.jobs import log
from robust_mer.modality import FeatureShape
from robust_mer.provenance.checkout import checkout
from robust_mer.provenance.origin import training_of
from robust_mer.runtime import Runtime
from robust_mer.settings import load
from robust_mer.store import read_weights_sha256
from robust_mer.tasks.task import Task


def export_model(spec: ExportModelSpec, files: ExportModelFiles, runtime: Runtime) -> None:
    """Write a replica's folder: weights, description and card.

    The card has the measures of the replica on its own test part, from the predictions.

    Raises:
        InputError: the checkpoint is none of this model.
    """
    facts = read_facts(files.checkpoint, [spec.implementation])
    inputs = {}
    for modality, features in zip(spec.modalities, files.features, strict=True):
        extractor = spec.extractors.get(modality.name)
        inputs[modality.name] = ModalityInput(
            extractor=modality.extractor,
            read_as=modality.features,
            implementation=extractor.implementation if extractor else "",
            settings=extractor.settings if extractor else {},
            weights_sha256=read_weights_sha256(features),
            features=FeatureShape(**facts["inputs"][modality.name]).stored_width,
            normalise=modality.normalise,
            not_finite=modality.not_finite,
            recogniser=dict(heard) if (heard := spec.recognisers.get(modality.name)) else None,
            transcript=spec.transcripts.get(modality.name, "index"),
        )
    kind: type[Task] = load(facts["task"]["implementation"])
    task = kind.described(
        kind.settings_class(**facts["task"]["settings"]), facts["task"]["description"]
    )
    tests = dict(zip(spec.tested_on, files.predictions, strict=True))
    copy_weights(files.checkpoint, files.weights)
    write_description(
        files.description,
        files.checkpoint,
        facts,
        spec,
        inputs,
        software=checkout(),
        training=training_of(files.checkpoint),
        sets=calibrate(spec, tests, facts, task),
    )
    results = [
        row for tested_on, path in tests.items() for row in _results(tested_on, path, facts, task)
    ]
    write_card(files.card, files.description, facts, results)
    log.info("%s: %d modalities, %d results", files.card.parent, len(inputs), len(results))


def _results(tested_on: str, path: Path, facts: dict[str, Any], task: Task) -> list[dict[str, Any]]:
    """Measures of a replica on its test part, per condition."""
    own = [(key, "==", facts[key]) for key in ("fold", "seed")]
    table = pq.read_table(path, filters=[*own, ("part", "==", "test")], partitioning=None)
    target, predicted = task.answers(columns_of(table, task.answer_columns))
    condition = table["condition"].to_numpy()
    results = []
    for name in dict.fromkeys(condition):
        rows = condition == name
        measures = {one.title: one.of(target[rows], predicted[rows]) for one in task.metrics}
        count = int(rows.sum())
        results.append({"tested on": tested_on, "condition": name, "utterances": count, **measures})
    return results
