"""Specs and files of the evaluation jobs; imports no torch or pandas."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robust_mer.conditions import Corruption
from robust_mer.evaluation.experiment import Experiment, Training
from robust_mer.modality import Modality
from robust_mer.replicas import Replica
from robust_mer.settings import Plugin


@dataclass(frozen=True)
class EvaluateSpec:
    """Everything that determines the predictions of trained replicas, except data."""

    modalities: tuple[Modality, ...]
    """Those that the model reads, in its order."""
    corruption: Corruption
    """What the replicas are tested on."""
    replicas: tuple[Replica, ...]
    """Those whose checkpoints are evaluated, in the order of the files."""
    task: Plugin
    """What is predicted."""
    implementation: str | None = None
    """``module:Class`` of the model, which checkpoints may name even if it is a user's class."""


@dataclass(frozen=True)
class EvaluateFiles:
    """Files of an evaluation job."""

    utterances: Path
    folds: Path
    features: list[Path]
    """Of the modalities, in their order."""
    corrupted: list[Path]
    """Features of the modalities whose recordings are corrupted, in their order."""
    schedule: Path | None
    """Of noise on features; None without noise."""
    checkpoints: list[Path]
    """Of the replicas."""
    predictions: Path
    """To write."""


@dataclass(frozen=True)
class SummarySpec:
    """Spec of `robust_mer.evaluation.scores.write_summary`."""

    experiment: Experiment
    scheduled: tuple[str, ...]
    """Corruptions of features that have a schedule."""


@dataclass(frozen=True)
class ScoresSpec:
    """Spec of `robust_mer.evaluation.scores.compute_statistics`."""

    experiment: Experiment


@dataclass(frozen=True)
class PeekingSpec:
    """Spec of `robust_mer.evaluation.peeking.measure_peeking`."""

    experiment: Experiment
    trainings: tuple[Training, ...]
    """Those of the experiment, each once."""
    learning: tuple[Training, ...]
    """Those that learn in epochs, and so have histories."""


@dataclass(frozen=True)
class SplitSpec:
    """Spec of `robust_mer.evaluation.split.write_split`."""

    experiment: Experiment
    column: str
    """Of the index."""


@dataclass(frozen=True)
class CalibrationSpec:
    """Spec of `robust_mer.evaluation.calibration.calibrate_raw`."""

    experiment: Experiment
    raw: Mapping[str, str]
    """The modality that each raw corruption touches."""
    gaussian: tuple[str, ...]
    """Names of the Gaussian noises that raw corruptions are compared with."""
    modalities: Mapping[str, list[str]]
    """Those that each model uses."""


@dataclass(frozen=True)
class NoiseSnrSpec:
    """Spec of `robust_mer.evaluation.embeddings.measure_noise`."""

    corruption: Corruption
    modalities: tuple[Modality, ...]
    """Of the corpus that the corruption touches, in their order."""


@dataclass(frozen=True)
class SetsSpec:
    """Spec of `robust_mer.evaluation.sets.measure_sets`."""

    experiment: Experiment
