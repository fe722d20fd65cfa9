"""Checkpoints: weights, the fold's normalisation and the origin, in one safetensors file."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from robust_mer.data import Normaliser
from robust_mer.engine.facts import KIND, read_facts
from robust_mer.errors import InputError
from robust_mer.files import naming, whole
from robust_mer.modality import FeatureShape
from robust_mer.models.model import Model
from robust_mer.settings import load
from robust_mer.tasks.task import Task

_WEIGHTS = "model."
_MEAN = "normalise.mean."
_DEVIATION = "normalise.deviation."


def save_checkpoint(
    path: str | Path, model: Model, normalisers: dict[str, Normaliser], facts: dict[str, Any]
) -> None:
    """Write a model, whole or not at all.

    Args:
        path: The .safetensors file.
        model: Its weights are written.
        normalisers: Statistics of the fold's training part, per modality.
        facts: What `build_model` needs, and the origin of the model; must be JSON.
    """
    tensors = {_WEIGHTS + name: value.contiguous() for name, value in model.state_dict().items()}
    for modality, normaliser in normalisers.items():
        tensors[_MEAN + modality] = torch.from_numpy(normaliser.mean)
        tensors[_DEVIATION + modality] = torch.from_numpy(normaliser.deviation)
    with whole(path) as unfinished:
        save_file(tensors, unfinished, {"facts": json.dumps(facts)})


def build_model(facts: dict[str, Any]) -> Model:
    """An untrained model from a checkpoint's facts.

    Args:
        facts: ``implementation`` and ``settings`` of the model; ``inputs``, per modality in the
            model's order the fields of its `FeatureShape`; ``task``, that task's
            ``implementation``, ``settings`` and ``description``. Further facts are ignored.

    Raises:
        TypeError: an implementation is not a class of a model or task.
    """
    kind, task = load(facts["implementation"]), load(facts["task"]["implementation"])
    for name, loaded, base in (
        (facts["implementation"], kind, Model),
        (facts["task"]["implementation"], task, Task),
    ):
        if not (isinstance(loaded, type) and issubclass(loaded, base)):
            raise TypeError(f"{name} is not a {base.__name__.lower()}")
    model: Model = kind(
        kind.settings_class(**facts["settings"]),
        {modality: FeatureShape(**shape) for modality, shape in facts["inputs"].items()},
        task.described(
            task.settings_class(**facts["task"]["settings"]), facts["task"]["description"]
        ),
    )
    return model


def load_checkpoint(
    path: str | Path, trusted: Collection[str] = ()
) -> tuple[Model, dict[str, Normaliser], dict[str, Any]]:
    """Read a model (on the CPU, in eval mode), its normalisation and its facts.

    Args:
        path: The .safetensors file.
        trusted: ``module:Class`` of models and tasks outside this package that the caller expects.
            Nothing else that a file names is imported.

    Raises:
        InputError: the file is not a checkpoint, does not fit the model's code, or names code that
            is not trusted.
    """
    facts = read_facts(path, trusted)
    with naming(path, KIND):
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        model = build_model(facts)
        weights = {
            name.removeprefix(_WEIGHTS): value
            for name, value in tensors.items()
            if name.startswith(_WEIGHTS)
        }
        if other := _unlike(weights, model.state_dict()):
            raise InputError(
                f"{path}: its weights are not those of {facts['implementation']} in this version "
                f"({len(other)} of them, such as {other[0]}). Another version made the file: train "
                "the model again, and export it again if you use an export"
            )
        model.load_state_dict(weights)
        normalisers = {
            modality: Normaliser(
                np.asarray(tensors[_MEAN + modality]), np.asarray(tensors[_DEVIATION + modality])
            )
            for modality in facts["inputs"]
        }
    return model.eval(), normalisers, facts


def _unlike(weights: dict[str, Tensor], expected: dict[str, Tensor]) -> list[str]:
    """Names of weights that only one side has, or that differ in shape."""
    shapes = [{name: one.shape for name, one in side.items()} for side in (weights, expected)]
    return sorted({name for name, _ in shapes[0].items() ^ shapes[1].items()})
