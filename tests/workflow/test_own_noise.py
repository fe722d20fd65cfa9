"""A user's own noise, as module:Class in the folder that the workflow runs in."""

import re

import pandas as pd
import pytest
from helpers.project import SMALL, Project, edit, edited, models_of

NOISE = '''
from my_parts import amplitude

from robust_mer.corruption.noise import Noise
from robust_mer.settings import Settings


class MineSettings(Settings):
    scale: float = 1.0


class Mine(Noise):
    settings_class = MineSettings

    def draw(self, shape, draws, lengths):
        """Values that are uniform around 0."""
        return amplitude(self.settings.scale) * (draws.uniform(shape) - 0.5)
'''
PARTS = """
def amplitude(scale):
    return 2 * scale
"""


@pytest.fixture
def project_with_noise(project: Project) -> Project:
    """The finished small demo with a user's noise added, alone and among others."""
    (project.folder / "my_noise.py").write_text(NOISE, encoding="utf-8")
    (project.folder / "my_parts.py").write_text(PARTS, encoding="utf-8")
    demo = SMALL["experiments"]["demo"]
    project.configure(
        {
            **SMALL,
            "experiments": {
                "demo": {
                    **demo,
                    "corruptions": ["clean", "several"],
                    "tested_on": ["dropped_30%", "uneven"],
                },
            },
            "corruption": {
                "mode": "exact",
                "noises": {"mine": {"class": "my_noise:Mine", "scale": 0.5}},
                "named": {
                    "several": ["mine_-10dB", "gaussian_-10dB"],
                    "uneven": {"audio": "gaussian_-5dB", "text": "pink_-15dB"},
                },
            },
        }
    )
    return project


def test_a_users_noise_runs_and_an_edit_reruns_what_hangs_on_it(project_with_noise):
    done = project_with_noise.run("results/tables/demo_all.csv", "results/tables/demo_average.md")
    assert done.returncode == 0, done.stdout[-5000:]
    results = project_with_noise.folder / "results"
    schedule = pd.read_csv(results / "demo/corrupted/mine_-10dB/schedule.csv")
    # uniform in ±0.5: power 1/12
    assert (schedule["true_snr_db"] + 10 - 10.79).abs().max() < 0.1
    uneven = pd.read_csv(results / "demo/corrupted/uneven/schedule.csv")
    assert set(zip(uneven["modality"], uneven["target_snr_db"], strict=True)) == {
        ("audio", -5),
        ("text", -15),
    }

    table = pd.read_csv(results / "tables/demo_all.csv")
    pairs = set(zip(table["model"], table["trained_on"], table["tested_on"], strict=True))
    more = {"dropped_30%", "uneven"}
    members = {"mine_-10dB", "gaussian_-10dB"}
    assert pairs == {
        *(("men", "clean", name) for name in {"clean", *members, *more}),
        *(("nmer", "clean", name) for name in {"clean", *more}),
        *(("nmer", "several", name) for name in {*members, *more}),
    }
    conditions = table.groupby("tested_on")["condition"].unique().map(set)
    assert conditions["uneven"] == {"v", "av", "vl", "avl", "average"}
    assert "none" in conditions["dropped_30%"]
    assert "dropped 30 %" in (results / "tables/demo_average.md").read_text()
    target = "results/tables/demo_all.csv"
    with edited(
        project_with_noise,
        ("my_noise.py", '"""Values that are uniform around 0."""', '"""Values."""'),
        ("my_noise.py", "uniform(shape) - 0.5)", "uniform(shape) - 0.5)  # why"),
    ):
        assert not project_with_noise.planned(target)
    for change in (("my_noise.py", "- 0.5", "- 0.25"), ("my_parts.py", "2 * scale", "3 * scale")):
        with edited(project_with_noise, change):
            jobs = project_with_noise.planned(target)
        assert set(jobs) == {"schedule_noise", "train_model", "evaluate_model", "write_summary"}
        assert jobs["schedule_noise"] == {"corpus=demo, corruption=mine_-10dB"}
        assert jobs["train_model"] == {"corpus=demo, model=nmer, trained_on=several, folds=fold1"}
        assert models_of(jobs, "evaluate_model") == {"men", "nmer"}
        assert all(
            "tested_on=mine_-10dB" in what or "trained_on=several" in what
            for what in jobs["evaluate_model"]
        )


def test_a_users_noise_that_is_wrong_stops_before_training(project_with_noise):
    edit(project_with_noise, "my_noise.py", "return amplitude", "return shape[0] / 0 * amplitude")
    done = project_with_noise.run("results/demo/models/nmer/several/fold1_seed1.safetensors")
    assert done.returncode != 0
    assert re.search("my_noise:Mine .*ZeroDivisionError", done.stdout)
