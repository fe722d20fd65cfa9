"""Published features run unchanged through everything after the extraction."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from helpers.project import Project

from robust_mer.store import read_features

CONFIG = {
    "run": ["table"],
    "experiments": {
        "table": {
            "corpus": "table",
            "models": ["logistic_regression"],
            "conditions": ["partial"],
            "corruptions": ["clean", "gaussian_-10dB"],
            "folds": [1],
            "seeds": [1],
        },
    },
    "corpora": {
        "table": {
            "reader": "npz",
            "root": "my features",
            "file": "table of features.npz",
            "arrays": {"audio": "sound", "pulse": "pulse"},
            "columns": {
                "utterance": "id",
                "speaker": "who",
                "label": "mood",
                "part": "split",
                "dialogue": "scene",
            },
            "folds": {"scheme": "part", "validation": 0.2},
            "split_by": ["dialogue"],
            "modalities": {
                "audio": {"extractor": "imported_audio", "normalise": True, "not_finite": 0},
                "pulse": {"extractor": "imported_pulse", "normalise": False},
            },
        },
    },
}


@pytest.fixture
def project(tmp_path):
    project = Project.make(tmp_path / "project")
    project.configure(CONFIG)
    root = project.folder / "my features"
    root.mkdir()
    rng = np.random.default_rng(0)
    mood = np.tile(["good", "bad"], 48)
    sign = np.where(mood == "good", 1.0, -1.0)[:, None]
    pulse = sign[:, None] + rng.standard_normal((96, 5, 3))
    pulse[:, 3:] = 0
    sound = sign + rng.standard_normal((96, 4))
    sound[7, 2] = -np.inf
    np.savez(
        root / "table of features.npz",
        id=np.array([f"utterance {n}" for n in range(96)]),
        who=np.repeat([f"p{n}" for n in range(12)], 8),
        mood=mood,
        sound=sound,
        pulse=pulse,
        scene=np.tile(["one", "one", "two", "two"], 24),
        split=["train"] * 64 + ["test"] * 32,
    )
    return project


def test_from_a_table_of_features_to_the_tables(project):
    names = ("tables/table_all.csv", "tables/table_by_dialogue.csv", "table/features.md")
    targets = [f"results/{name}" for name in names]
    done = project.run(*targets)
    assert done.returncode == 0, done.stdout[-5000:]
    results = project.folder / "results"
    source = project.folder / "my features/table of features.npz"
    store = read_features(results / "table/features/imported_pulse.h5")
    assert store.values.shape == (96 * 3, 3)
    assert store.weights_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    table = pd.read_csv(results / "tables/table_all.csv")
    assert set(table["condition"]) == {"none", "a", "p", "ap", "average"}
    by_scene = pd.read_csv(results / "tables/table_by_dialogue.csv")
    assert set(by_scene["dialogue"]) == {"one", "two"}
    assert set(by_scene["utterances"]) == {16}
    assert "padding cut" in (results / "table/features.md").read_text()
    assert not project.planned(*targets)
    with np.load(source) as arrays:
        arrays = dict(arrays)
    np.savez(source, **{**arrays, "sound": arrays["sound"] + 1})
    assert {"index_corpus", "import_features"} <= set(project.planned())
