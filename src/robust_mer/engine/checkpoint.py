"""Checkpoints: weights, the fold's normalisation and what made them, in one safetensors file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from robust_mer.data import Normaliser
from robust_mer.errors import InputError
from robust_mer.files import naming, whole
from robust_mer.models.model import Model
from robust_mer.settings import load

_WEIGHTS = "model."
_MEAN = "normalise.mean."
_DEVIATION = "normalise.deviation."


def save_checkpoint(
    path: str | Path, model: Model, normalisers: dict[str, Normaliser], facts: dict[str, Any]
) -> None:
    """Write a model, whole or not at all.

    Args:
        path: The .safetensors file.
        model: Its weights go in.
        normalisers: Statistics of the fold's training part, per modality.
        facts: What is needed to build the model again, and where it comes from; must be JSON. The
            order of ``inputs`` is that of the modalities in the model.
    """
    tensors = {_WEIGHTS + name: value.contiguous() for name, value in model.state_dict().items()}
    for modality, normaliser in normalisers.items():
        tensors[_MEAN + modality] = torch.from_numpy(normaliser.mean)
        tensors[_DEVIATION + modality] = torch.from_numpy(normaliser.deviation)
    with whole(path) as unfinished:
        save_file(tensors, unfinished, {"facts": json.dumps(facts)})


def build_model(facts: dict[str, Any]) -> Model:
    """An untrained model from a checkpoint's facts."""
    kind = load(facts["implementation"])
    if not (isinstance(kind, type) and issubclass(kind, Model)):
        raise TypeError(f"{facts['implementation']} is no model")
    widths = {modality: shape["width"] for modality, shape in facts["inputs"].items()}
    return kind(facts["settings"], widths, len(facts["task"]["description"]["classes"]))


def load_checkpoint(path: str | Path) -> tuple[Model, dict[str, Normaliser], dict[str, Any]]:
    """Read a model (on the CPU, in eval mode), its normalisation and its facts.

    Raises:
        InputError: the file is no checkpoint, or does not fit the model's code.
    """
    with naming(path, "a checkpoint of this version"):
        with safe_open(path, "pt") as file:
            facts = json.loads(file.metadata()["facts"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if not facts["implementation"].startswith("robust_mer.models."):
            raise InputError(f"{path} names code outside the models: {facts['implementation']!r}")
        model = build_model(facts)
        model.load_state_dict(
            {
                name.removeprefix(_WEIGHTS): value
                for name, value in tensors.items()
                if name.startswith(_WEIGHTS)
            }
        )
        normalisers = {
            modality: Normaliser(
                np.asarray(tensors[_MEAN + modality]), np.asarray(tensors[_DEVIATION + modality])
            )
            for modality in facts["inputs"]
        }
    return model.eval(), normalisers, facts
