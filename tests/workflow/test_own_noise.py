"""A user's own noise, as module:Class in the folder that the workflow runs in, that fails."""

import re

from helpers.project import SMALL, Project

NOISE = """
from robust_mer.corruption.noise import Noise


class Mine(Noise):
    def draw(self, shape, draws, lengths):
        return shape[0] / 0 * draws.uniform(shape)
"""


def test_a_users_noise_that_is_wrong_stops_before_training(project: Project):
    (project.folder / "my_noise.py").write_text(NOISE, encoding="utf-8")
    demo = {**SMALL["experiments"]["demo"], "corruptions": ["several"]}
    corruption = {
        "noises": {"mine": {"class": "my_noise:Mine"}},
        "named": {"several": ["mine_-10dB", "gaussian_-10dB"]},
    }
    project.configure({**SMALL, "experiments": {"demo": demo}, "corruption": corruption})
    done = project.run("results/demo/models/nmer/several/fold1_seed1.safetensors")
    assert done.returncode != 0
    assert re.search("my_noise:Mine.*ZeroDivisionError", done.stdout)
