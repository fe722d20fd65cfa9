"""A checkout with two experiments on a file of features: its numbers, and its labels."""

from pathlib import Path

import numpy as np

from helpers.project import Project

EMOTIONS = ["happy", "sad"]
CORPUS = {
    "reader": "npz",
    "root": "published",
    "columns": {
        **{"utterance": "id", "speaker": "who", "sentiment": "sentiment"},
        **{name: name for name in EMOTIONS},
    },
    "folds": {"scheme": "speaker_groups", "groups": 3},
    "modalities": {
        name: {"extractor": f"imported_{name}", "normalise": True} for name in ("audio", "text")
    },
}
CONFIG = {
    "run": ["numbers", "labels"],
    "experiments": {
        name: {
            "corpus": name,
            "models": [floor, "men"],
            "corruptions": ["gaussian_-10dB"],
            "conditions": ["partial"],
            "folds": [1, 2],
            "seeds": [1],
        }
        for name, floor in (("numbers", "mean"), ("labels", "majority"))
    },
    "corpora": {
        "numbers": CORPUS
        | {"task": "regression", "target": "sentiment", "target_range": [-3, 3]}
        | {"selection": "acc2_positive"},
        "labels": CORPUS | {"task": "multilabel", "target": EMOTIONS},
    },
    "models": {"men": {"epochs_constant": 20, "epochs_falling": 5, "batch_size": 16}},
}


def make_project(folder: Path) -> Project:
    """A checkout with both experiments and their features."""
    project = Project.make(folder)
    project.configure(CONFIG)
    _write_features(project.folder / "published/features.npz")
    return project


def _write_features(path: Path, size: int = 72) -> None:
    """Features that say a little of the sentiment; one utterance has none."""
    rng = np.random.default_rng(0)
    sentiment = rng.integers(-9, 10, size) / 3
    arrays = {
        name: (sentiment[:, None] * rng.normal(size=width) + rng.normal(size=(size, width)))
        for name, width in (("audio", 6), ("text", 5))
    }
    arrays = {name: values.astype(np.float32) for name, values in arrays.items()}
    who = [f"p{number % 6}" for number in range(size)]
    happy, sad = sentiment.clip(min=0), (-sentiment - 1).clip(min=0)
    sentiment[5] = np.nan
    path.parent.mkdir()
    np.savez(
        path,
        id=[f"u{number:02}" for number in range(size)],
        who=who,
        sentiment=sentiment,
        happy=happy,
        sad=sad,
        **arrays,
    )
