"""Targets by name: the module that has it, and how many of a run's inputs it gets."""

from importlib import import_module

from fuzz.engine import Target

# Targets with slow inputs have fewer.
SHARES = {
    "corpora": {
        "iemocap": 1,
        "msp_improv": 1,
        "cmu_mosei": 0.5,
        "crema_d": 0.5,
        "meld": 0.5,
        "manifest": 2,
        "folds": 0.2,
    },
    "importers": {
        "mmin": 0.4,
        "multibench": 2,
        "mmsa": 1,
        "npz": 1.5,
        "npy_pickle": 0.4,
        "npy_npz": 0.4,
        "csd": 0.3,
    },
    "results": {
        "store": 4,
        "faces": 2,
        "corpus": 0.3,
        "utterances": 1,
        "schedule": 1.5,
        "predictions": 0.2,
        "layouts": 0.7,
        "published": 0.1,
    },
    "models": {"checkpoint": 3, "replicas": 3, "exported": 1.5, "glove": 2},
    "media": {"sound": 5, "video": 1.5, "headers": 4, "clip": 1},
    "config": {"config": 1},
}

# What libraries in C make of recordings: a process of the pipeline that dies costs its utterance.
MAY_CRASH = ("sound", "video", "clip")

TARGETS = {name: (module, share) for module, of in SHARES.items() for name, share in of.items()}


def find(name: str) -> Target:
    """A target; performs only the imports that it needs."""
    module = import_module(f"{__name__}.{TARGETS[name][0]}")
    return next(target for target in module.TARGETS if target.name == name)
