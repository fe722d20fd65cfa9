"""Variant (c): the package's engine, given files as the workflow gives them."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd
from plain_nets import ALPHA_BAR
from random_corpus import NORMALISE, WIDTHS

from robust_mer.jobs import die_with_parent
from robust_mer.models.registry import MODELS
from robust_mer.settings import complete
from robust_mer.training.train import train_replicas

Key = tuple[int, int]  # fold, seed

_GAUSSIAN = {
    "kind": "gaussian",
    "target_snr_db": -10.0,
    "implementation": "robust_mer.corruption.gaussian:Gaussian",
    "settings": {},
    "is_mask": False,
}
_NEVER = 1e9  # seconds between two saves of what is unfinished


class Engine:
    """Replicas of a model, shared out to processes that train side by side.

    Args:
        files: Index, folds and features, as ``random_corpus.write_workflow_files`` names them.
        folder: Where checkpoints and histories go.
        stacks: The replicas of every process.
        device: ``cpu`` or ``cuda``.
        threads: CPU threads of each process.
    """

    def __init__(
        self, files: dict, folder: Path, stacks: list[list[Key]], device: str, threads: int
    ) -> None:
        self.files, self.folder, self.stacks = files, folder, stacks
        self.device, self.threads = device, threads

    def rate(self, model: str, epochs: int) -> float:
        """Epochs times replicas per second, over ``epochs`` after the first."""
        teacher = MODELS[model].teacher
        if teacher:
            self._train(teacher, 1)
        self._train(model, 1 + epochs, teacher)
        total = 0.0
        for stack in self.stacks:
            histories = [pd.read_csv(self._path(model, key, "csv")) for key in stack]
            seconds = sum(history["seconds"][1:].sum() for history in histories)
            total += len(stack) * epochs / seconds
        return total

    def _path(self, model: str, key: Key, suffix: str) -> Path:
        return self.folder / f"{model}_fold{key[0]}_seed{key[1]}.{suffix}"

    def _train(self, model: str, epochs: int, teacher: str | None = None) -> None:
        jobs = [self._job(model, stack, epochs, teacher) for stack in self.stacks]
        # As jobs of the workflow: processes of their own, with nothing in them but the engine.
        with ProcessPoolExecutor(
            len(jobs), multiprocessing.get_context("spawn"), die_with_parent
        ) as pool:
            list(pool.map(_run, jobs))

    def _job(self, model: str, stack: list[Key], epochs: int, teacher: str | None) -> dict:
        clean = MODELS[model].trained_on_clean
        implementation = MODELS[model].implementation
        corruption = "clean" if clean else "gaussian_-10dB"
        noises = {} if clean else dict.fromkeys(WIDTHS, _GAUSSIAN)
        settings = {"epochs_constant": epochs, "epochs_falling": 0}
        return self.files | {
            "checkpoints": {key: self._path(model, key, "safetensors") for key in stack},
            "histories": {key: self._path(model, key, "csv") for key in stack},
            "corruptions": {corruption: {"noises": noises, "seed": 1}},
            "alpha_bars": {corruption: {(fold, m): ALPHA_BAR for fold, _ in stack for m in WIDTHS}},
            "teachers": {key: self._path(teacher, key, "safetensors") for key in stack}
            if teacher
            else {},
            "trained_on": corruption,
            "model": {
                "implementation": implementation,
                "settings": complete(implementation, settings, "benchmark"),
            },
            "normalise": NORMALISE,
            "not_finite": dict.fromkeys(WIDTHS),
            "code": "benchmark",
            "device": self.device,
            "max_replicas": None,
            "threads": self.threads,
            "save_every": _NEVER,
        }


def _run(job: dict) -> None:
    train_replicas(**job)
