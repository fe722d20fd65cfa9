"""What a training job is: all that makes its result, and its files."""

from dataclasses import dataclass
from pathlib import Path

from robust_mer.modality import Modality
from robust_mer.protocol import Corruption
from robust_mer.settings import Plugin


@dataclass(frozen=True)
class TrainSpec:
    """All that makes the replicas of one model what they are, but data and code of libraries."""

    model: Plugin
    modalities: tuple[Modality, ...]
    """Those that the model reads, in its order."""
    trained_on: str
    """Name of what it is trained on, e.g. ``gaussian_-10dB_none``."""
    corruptions: tuple[Corruption, ...]
    """Every training sample meets one of them."""
    protocol: Plugin
    """Which conditions of its corruption a sample meets."""
    task: Plugin
    teacher: str | None = None
    """``module:Class`` of the model that must be trained first, if any."""
    code: str = ""
    """Identity of the code; a replica of an earlier job is taken over only if it has the same."""


@dataclass(frozen=True)
class TrainFiles:
    """Files of a training job."""

    utterances: Path
    folds: Path
    features: list[Path]
    """Of the modalities, in their order."""
    schedules: list[Path]
    """Of the corruptions that have noises (masks included), in their order."""
    teachers: list[Path]
    """Checkpoint of each replica's teacher, named as the replica's; none without a teacher."""
    checkpoints: list[Path]
    """To write, ``fold{fold}_seed{seed}.safetensors`` of each replica."""
    histories: list[Path]
    """To write, ``fold{fold}_seed{seed}.history.csv`` of each replica: a row an epoch."""
