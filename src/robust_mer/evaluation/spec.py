"""What an evaluation job is: all that makes its result, and its files."""

from dataclasses import dataclass
from pathlib import Path

from robust_mer.modality import Modality
from robust_mer.protocol import Corruption
from robust_mer.replicas import Replica
from robust_mer.settings import Plugin
from robust_mer.task import DEFAULT_TASK


@dataclass(frozen=True)
class EvaluateSpec:
    """All that makes the predictions of trained replicas what they are."""

    modalities: tuple[Modality, ...]
    """Those that the model reads, in its order."""
    corruption: Corruption
    """What the replicas are tested on."""
    replicas: tuple[Replica, ...]
    """Those whose checkpoints are evaluated, in the order of the files."""
    implementation: str | None = None
    """``module:Class`` of the model, which its checkpoints may name if it is a user's own."""
    task: Plugin = DEFAULT_TASK


@dataclass(frozen=True)
class EvaluateFiles:
    """Files of an evaluation job."""

    utterances: Path
    folds: Path
    features: list[Path]
    """Of the modalities, in their order."""
    corrupted: list[Path]
    """Features of the modality whose recordings are corrupted; none for noise on features."""
    schedule: Path | None
    """Of noise on features; None without noise."""
    checkpoints: list[Path]
    """Of the replicas."""
    predictions: Path
    """To write."""
