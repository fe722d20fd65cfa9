"""Variant (c): the package's engine, given files as the workflow gives them."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd
from plain_nets import ALPHA_BAR
from random_corpus import ENCODERS, NORMALISE, WIDTHS

from robust_mer.jobs import die_with_parent
from robust_mer.modality import Modality
from robust_mer.models.registry import implementation, settings_class
from robust_mer.protocol import PARTIAL, Corruption, NoiseSpec
from robust_mer.protocols.registry import PROTOCOLS
from robust_mer.replicas import Replica
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.tasks.classification import ClassificationSettings
from robust_mer.tasks.registry import TASKS
from robust_mer.training.spec import TrainFiles, TrainSpec
from robust_mer.training.train import train_replicas

Key = tuple[int, int]  # fold, seed

_NOISE = NoiseSpec("gaussian", -10.0, "robust_mer.corruption.gaussian:Gaussian", {}, is_mask=False)
_NEVER = 1e9  # seconds between two saves


class Engine:
    """Replicas of a model, distributed to processes that train in parallel.

    Args:
        files: Index, folds and features, as ``random_corpus.write_workflow_files`` names them.
        folder: Of checkpoints and histories.
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
        teacher = settings_class(model).teacher
        if teacher:
            self._train(teacher, 1)
        self._train(model, 1 + epochs, teacher)
        total = 0.0
        for stack in self.stacks:
            histories = [pd.read_csv(self._path(model, key, "history.csv")) for key in stack]
            seconds = sum(history["seconds"][1:].sum() for history in histories)
            total += len(stack) * epochs / seconds
        return total

    def _path(self, model: str, key: Key, suffix: str) -> Path:
        return self.folder / model / f"{Replica(*key).name}.{suffix}"

    def _train(self, model: str, epochs: int, teacher: str | None = None) -> None:
        spec = _spec(model, epochs)
        runtime = Runtime(self.threads, self.device)
        jobs = [(spec, self._files(model, stack, teacher), runtime) for stack in self.stacks]
        # Separate processes that only import the engine, like jobs of the workflow.
        with ProcessPoolExecutor(
            len(jobs), multiprocessing.get_context("spawn"), die_with_parent
        ) as pool:
            list(pool.map(_run, jobs))

    def _files(self, model: str, stack: list[Key], teacher: str | None) -> TrainFiles:
        schedules = []
        if not settings_class(model).trained_on_clean:
            schedules.append(self.folder / "schedule.csv")
            rows = [
                {"fold": fold, "modality": modality, "alpha_bar": ALPHA_BAR}
                for fold in {fold for stack in self.stacks for fold, _ in stack}
                for modality in WIDTHS
            ]
            pd.DataFrame(rows).to_csv(schedules[0], index=False)
        return TrainFiles(
            utterances=Path(self.files["utterances_csv"]),
            folds=Path(self.files["folds_csv"]),
            features=[Path(path) for path in self.files["features"].values()],
            schedules=schedules,
            recorded=[],
            teachers=[self._path(teacher, key, "safetensors") for key in stack] if teacher else [],
            checkpoints=[self._path(model, key, "safetensors") for key in stack],
            histories=[self._path(model, key, "history.csv") for key in stack],
        )


def _spec(model: str, epochs: int) -> TrainSpec:
    kind = settings_class(model)
    noisy = Corruption("gaussian_-10dB", dict.fromkeys(WIDTHS, _NOISE), seed=1)
    corruption = Corruption("clean") if kind.trained_on_clean else noisy
    settings = kind(epochs_constant=epochs, epochs_falling=0)
    return TrainSpec(
        model=Plugin(implementation(model), settings.model_dump()),
        modalities=tuple(
            Modality(name, name, name, NORMALISE[name], None, ENCODERS[name]) for name in WIDTHS
        ),
        trained_on=corruption.name,
        corruptions=(corruption,),
        protocol=Plugin(PROTOCOLS[PARTIAL], {}),
        task=Plugin(TASKS["classification"], ClassificationSettings().model_dump()),
        code="benchmark",
    )


def _run(job: tuple[TrainSpec, TrainFiles, Runtime]) -> None:
    train_replicas(*job, save_every=_NEVER)
