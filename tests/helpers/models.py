"""Builds small models with reproducible weights."""

import torch

from robust_mer.models.registry import MODELS
from robust_mer.settings import complete, load

SMALL = {"audio": 7, "video": 5, "text": 11}


def widths_of(name):
    """As many modalities as a model takes."""
    return dict(list(SMALL.items())[: MODELS[name].modalities])


def build(name, widths=None, **changes):
    torch.manual_seed(0)
    implementation = MODELS[name].implementation
    settings = complete(implementation, changes, "test")
    return load(implementation)(settings, widths or widths_of(name), 4)


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())
