"""A reader, an extractor, a noise and a model: each is one new file and one line in a registry."""

import pandas as pd
import pytest
from helpers.project import Project

FILES = {
    "corpora/mine.py": """
from robust_mer.corpora.utterances import Reading

SETTINGS = {"count": 24}


def tables(root, settings):
    return []


def read(root, settings):
    reading = Reading()
    for number in range(settings["count"]):
        reading.rows.append({
            "utterance": f"u{number:02}", "session": f"s{number % 3}", "speaker": f"p{number % 3}",
            "label": ["good", "bad"][number // 3 % 2], "text": "word " * (number % 5 + 1),
        })
    return reading
""",
    "features/mine.py": """
import numpy as np

from robust_mer.features.utterance import Extraction

SETTINGS = {"width": 3}


class Mine:
    frame_rate = None
    weights_sha256 = ""

    def __init__(self, settings):
        self.names = [f"f{place}" for place in range(settings["width"])]

    def extract(self, utterance):
        seed = [ord(letter) for letter in utterance.utterance]
        frames = np.random.default_rng(seed).standard_normal((4, len(self.names)))
        return Extraction(frames.astype(np.float32), 4)
""",
    "corruption/mine.py": """
SETTINGS = {"scale": 2.0}


def draw(shape, draws, scale):
    return scale * (draws.uniform(shape) - 0.5)
""",
    "models/mine.py": """
import torch
from torch import nn
from torch.nn import functional

from robust_mer.models.model import Model

SETTINGS = {
    "optimiser": "adam", "learning_rate": 1e-3, "beta1": 0.9, "weight_decay": 0.0,
    "batch_size": 8, "epochs_constant": 1, "epochs_falling": 0, "clip_norm": 1.0,
}


class Mine(Model):
    def __init__(self, settings, widths, classes):
        super().__init__()
        self.maps = nn.ModuleDict({m: nn.Linear(width, 4) for m, width in widths.items()})
        self.last = nn.Linear(4 * len(widths), classes)

    def encode(self, modality, frames, lengths):
        return self.maps[modality](frames.sum(dim=1) / lengths.clamp(min=1)[:, None])

    def forward(self, embeddings):
        return self.last(torch.cat(list(embeddings.values()), dim=1))

    def loss(self, batch):
        logits = self(self.encode_all(batch.received, batch.lengths))
        return {"cross_entropy": functional.cross_entropy(logits, batch.label)}
""",
}
LINES = {
    "corpora": ("READERS = {", '"mine": "robust_mer.corpora.mine:read",'),
    "features": (
        "EXTRACTORS = {",
        '"mine": Entry("robust_mer.features.mine:Mine", "text"), '
        '"mine_too": Entry("robust_mer.features.mine:Mine", "audio"),',
    ),
    "corruption": ("NOISES = {", '"mine": "robust_mer.corruption.mine:draw",'),
    "models": ("MODELS = {", '"mine": ModelClass("robust_mer.models.mine:Mine"),'),
}
CONFIG = {
    "run": ["mine"],
    "experiments": {
        "mine": {
            "corpus": "mine",
            "models": ["mine"],
            "corruptions": ["clean", "mine_-10dB"],
            "conditions": ["partial"],
            "folds": [1],
            "seeds": [1],
        },
    },
    "corpora": {
        "mine": {
            "reader": "mine",
            "root": ".",
            "folds": {"scheme": "session_groups", "groups": 3},
            "modalities": {
                "audio": {"extractor": "mine_too", "normalise": True},
                "text": {"extractor": "mine", "normalise": False},
            },
        },
    },
    "features": {"extractors": {"mine": {}, "mine_too": {"width": 5}}},
    "corruption": {"mode": "exact", "noises": {"mine": {}}},
    "models": {"mine": {}},
}


@pytest.fixture
def project(tmp_path):
    project = Project.make(tmp_path / "project")
    package = project.folder / "src/robust_mer"
    for path, source in FILES.items():
        (package / path).write_text(source, encoding="utf-8")
    for stage, (before, line) in LINES.items():
        registry = package / stage / "registry.py"
        text = registry.read_text(encoding="utf-8")
        assert before in text
        registry.write_text(text.replace(before, f"{before}\n    {line}"), encoding="utf-8")
    project.configure(CONFIG)
    return project


def test_four_additions_run_from_corpus_to_table(project):
    done = project.run("results/tables/mine_all.csv")
    assert done.returncode == 0, done.stdout[-5000:]
    table = pd.read_csv(project.folder / "results/tables/mine_all.csv")
    assert set(table["condition"]) == {"a", "l", "al", "none", "average"}
    assert set(table["tested_on"]) == {"clean", "mine_-10dB"}
    schedule = pd.read_csv(project.folder / "results/mine/corrupted/mine_-10dB/schedule.csv")
    assert set(schedule["modality"]) == {"audio", "text"}
    # noise of power 1/3 is 4.8 dB weaker than the formula takes it for
    assert (schedule["true_snr_db"] + 10).between(4, 5.6).all()
