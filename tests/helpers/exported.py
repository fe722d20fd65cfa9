"""Folders of exported models, without a training run."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from helpers.models import described, inputs_of
from helpers.tasks import CLASSIFICATION
from robust_mer.data import Normaliser
from robust_mer.engine.checkpoint import build_model, save_checkpoint
from robust_mer.export.folder import ModalityInput, write_description
from robust_mer.export.spec import ExportModelSpec
from robust_mer.models.registry import settings_class

WIDTHS = {"audio": 3, "text": 2}
CLASSES = {"classes": ["angry", "happy", "sad"]}


def write_exported(
    folder: Path,
    name: str,
    task=CLASSIFICATION,
    description=None,
    not_finite=None,
    widths=WIDTHS,
    extractors=None,
    recogniser=None,
    transcript="index",
    **settings,
) -> Path:
    """A model of a few dimensions with random weights, in a folder as the workflow writes it.

    Args:
        folder: To write.
        name: The model, or ``module:Class``.
        task: What is predicted.
        description: What the task has learnt of a corpus; by default three classes.
        not_finite: Replacement of values that are not finite, of all modalities.
        widths: Of the modalities.
        extractors: By modality, class, settings and hash of the weights; none by default.
        recogniser: Settings of the recogniser of the text; None: the words are the index's.
        transcript: Whose words the text is.
        settings: Of the model.
    """
    widths = dict(list(widths.items())[: settings_class(name).modalities])
    facts = {
        **described(name, **settings),
        "inputs": {m: asdict(shape) for m, shape in inputs_of(widths).items()},
        "task": {**asdict(task), "description": description or CLASSES},
        "trained_on": "clean",
        "fold": 1,
        "seed": 1,
    }
    draws = np.random.default_rng(1)
    normalisers = {
        m: Normaliser(*draws.uniform(0.5, 2, (2, width)).astype(np.float32))
        for m, width in widths.items()
    }
    torch.manual_seed(1)
    save_checkpoint(folder / "model.safetensors", build_model(facts), normalisers, facts)
    inputs = {
        m: ModalityInput(m, m, *(extractors or {}).get(m, ("", {}, "")), width, True, not_finite)
        for m, width in widths.items()
    }
    if recogniser is not None:
        inputs["text"] = replace(inputs["text"], recogniser=recogniser, transcript=transcript)
    describe(folder, facts, inputs)
    return folder


def describe(folder: Path, facts: dict, inputs: dict[str, ModalityInput]) -> None:
    """Write ``model.json``."""
    spec = ExportModelSpec(
        name="m",
        implementation=facts["implementation"],
        corpus="c",
        note=None,
        modalities=(),
        extractors={},
        recognisers={},
        transcripts={},
        tested_on=(),
        calibrated_on={},
        config={"model": {}},
        code="code",
    )
    write_description(
        folder / "model.json",
        folder / "model.safetensors",
        facts,
        spec,
        inputs,
        software={"version": "", "commit": None, "dirty": None},
        training=None,
        sets=None,
    )
