"""Spec and files of a training job."""

from dataclasses import dataclass, field
from pathlib import Path

from robust_mer.conditions import Corruption
from robust_mer.metrics.metric import Metric
from robust_mer.modality import Modality
from robust_mer.settings import Plugin


@dataclass(frozen=True)
class Recorded:
    """Features of corrupted recordings."""

    corruption: str
    """E.g. ``babble_5dB``."""
    modality: str
    draws: int
    """How many there are of each utterance; draw 1 is that of validation and test."""


@dataclass(frozen=True)
class TrainSpec:
    """Everything that determines the replicas of one model, except data and libraries."""

    model: Plugin
    modalities: tuple[Modality, ...]
    """Those that the model reads, in its order."""
    trained_on: str
    """Name of what it is trained on, e.g. ``gaussian_-10dB_none``."""
    corruptions: tuple[Corruption, ...]
    """Each training sample gets one of them."""
    protocol: Plugin
    """Selects the conditions of a corruption."""
    task: Plugin
    recorded: tuple[Recorded, ...] = ()
    """Features of corrupted recordings that the corruptions name."""
    teacher: str | None = None
    """``module:Class`` of the model that must be trained first, if any."""
    code: str = ""
    """Code identity; a replica of an earlier job is reused only if it has the same."""
    is_candidate: bool = False
    """Whether another candidate can take its place: if a replica diverges, that is no error. It
    determines no replica."""


@dataclass(frozen=True)
class TrainFiles:
    """Files of a training job."""

    utterances: Path
    folds: Path
    features: list[Path]
    """Of the modalities, in their order."""
    schedules: list[Path]
    """Of the corruptions that have noises (masks included), in their order."""
    recorded: list[Path]
    """Features of corrupted recordings: every draw of the spec's first, then of its second, ..."""
    teachers: list[Path]
    """Checkpoint of each replica's teacher, named as the replica's; none without a teacher."""
    checkpoints: list[Path]
    """To write, ``fold{fold}_seed{seed}.safetensors`` of each replica."""
    histories: list[Path]
    """To write, ``fold{fold}_seed{seed}.history.csv`` of each replica: a row per epoch."""
    peeked: list[Path] = field(default_factory=list)
    """To write for an audit, ``fold{fold}_seed{seed}.peeked.parquet`` of each replica: its answers
    for the test part after every epoch. None without an audit."""


def validation_column(metric: Metric) -> str:
    """Column of a metric on validation data in histories."""
    return f"validation_{metric.name}"
