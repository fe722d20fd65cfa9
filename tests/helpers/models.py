"""Models by their names in the config, on made-up widths."""

import torch

from helpers.tasks import classes
from robust_mer.modality import FeatureShape
from robust_mer.models.registry import implementation, settings_class
from robust_mer.settings import load

IEMOCAP = {"audio": 130, "video": 342, "text": 1024}
SMALL = {"audio": 7, "video": 5, "text": 11}
ENCODERS = {"audio": "recurrent", "video": "recurrent", "text": "convolutional"}
EXPERTS = {"width": 16, "depth": 2, "segments": 3}
CROSSMODAL = {"width": 4, "heads": 2, "layers": 2, "segments": 3}
SIZES = {
    "momke_experts": EXPERTS,
    "momke": EXPERTS,
    "mplmm_backbone": CROSSMODAL,
    "mplmm": CROSSMODAL | {"prompt_length": 2},
}
TASK = classes(["angry", "happy", "neutral", "sad"])


def inputs_of(widths):
    """Shapes of modalities; text has a convolutional encoder."""
    return {m: FeatureShape(width, ENCODERS.get(m, "recurrent")) for m, width in widths.items()}


def widths_of(name):
    """As many modalities as a model takes."""
    return dict(list(SMALL.items())[: settings_class(name).modalities])


def described(name, **changes):
    """As the workflow names a model to a job."""
    settings = settings_class(name)(**changes).model_dump()
    return {"implementation": implementation(name), "settings": settings}


def build(name, widths=None, seed=0, task=TASK, **changes):
    """A model with the default settings, but for some changes.

    Without ``widths`` those that would take long are small.
    """
    torch.manual_seed(seed)
    kind = load(implementation(name))
    changes = changes if widths else SIZES.get(name, {}) | changes
    return kind(kind.settings_class(**changes), inputs_of(widths or widths_of(name)), task)


def clean_digests(model, frames, lengths):
    """What training would compute of clean frames before its first step."""
    if not model.digests_clean:
        return {}
    with torch.no_grad():
        return {m: model.digest_clean(m, values, lengths[m]) for m, values in frames.items()}


def parameters(module):
    """How many parameters a module has."""
    return sum(parameter.numel() for parameter in module.parameters())
