"""A reader, an extractor and a noise, each a file and a registry line; a user's own model."""

import pandas as pd
import pytest
from helpers.project import Project

FILES = {
    "corpora/mine.py": """
from robust_mer.corpora.reader import Reader
from robust_mer.corpora.utterances import Reading
from robust_mer.settings import Settings


class MySettings(Settings):
    count: int = 24


class Mine(Reader):
    settings_class = MySettings

    def tables(self):
        return []

    def read(self):
        reading = Reading()
        for number in range(self.settings.count):
            reading.rows.append({
                "utterance": f"u{number:02}", "session": f"s{number % 3}",
                "speaker": f"p{number % 3}", "label": ["good", "bad"][number // 3 % 2],
                "text": "word " * (number % 5 + 1),
            })
        return reading
""",
    "features/mine.py": """
import numpy as np

from robust_mer.features.extractor import Extractor
from robust_mer.features.utterance import Extraction
from robust_mer.settings import Settings


class MineSettings(Settings):
    width: int = 3


class Mine(Extractor):
    settings_class = MineSettings
    modality = "text"
    encoder = "convolutional"

    def __init__(self, settings):
        super().__init__(settings)
        self.names = [f"f{place}" for place in range(settings.width)]

    def extract(self, utterance):
        seed = [ord(letter) for letter in utterance.utterance]
        frames = np.random.default_rng(seed).standard_normal((4, len(self.names)))
        return Extraction(frames.astype(np.float32), 4)


class MineToo(Mine):
    modality = "audio"
    encoder = "recurrent"
""",
    "corruption/mine.py": """
from robust_mer.corruption.noise import Noise
from robust_mer.settings import Settings


class MineSettings(Settings):
    scale: float = 2.0


class Mine(Noise):
    settings_class = MineSettings

    def draw(self, shape, draws, lengths):
        return self.settings.scale * (draws.uniform(shape) - 0.5)
""",
}
# Of the user's own, in the folder that the workflow runs in; no registry names it.
OWN_MODEL = """
from typing import ClassVar

import torch
from torch import nn

from robust_mer.models.model import Model
from robust_mer.models.optimisation import Optimisation


class MineSettings(Optimisation):
    is_mask_aware: ClassVar[bool] = True

    batch_size: int = 8
    epochs_constant: int = 1
    epochs_falling: int = 0
    width: int = 4


class Mine(Model):
    settings_class = MineSettings

    def __init__(self, settings, inputs, task):
        super().__init__(settings, inputs, task)
        self.maps = nn.ModuleDict(
            {m: nn.Linear(shape.width, settings.width) for m, shape in inputs.items()}
        )
        self.last = nn.Linear(settings.width * len(inputs), task.outputs)

    def encode(self, modality, frames, lengths):
        return self.maps[modality](frames.sum(dim=1) / lengths.clamp(min=1)[:, None])

    def forward(self, embeddings):
        return self.last(torch.cat(list(embeddings.values()), dim=1))

    def loss(self, batch):
        output = self(self.encode_all(batch.received, batch.lengths))
        return {self.task.loss_name: self.task.loss(output, batch.target)}
"""
LINES = {
    "corpora": ("READERS = {", '"mine": "robust_mer.corpora.mine:Mine",'),
    "features": (
        "EXTRACTORS = {",
        '"mine": "robust_mer.features.mine:Mine", "mine_too": "robust_mer.features.mine:MineToo",',
    ),
    "corruption": ("NOISES = {", '"mine": "robust_mer.corruption.mine:Mine",'),
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
    "models": {"mine": {"class": "own_model:Mine", "width": 3}},
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
    (project.folder / "own_model.py").write_text(OWN_MODEL, encoding="utf-8")
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
