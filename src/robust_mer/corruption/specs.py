"""The jobs of the corruption stage: what makes a result, and its files. Free of slow imports."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from robust_mer.modality import Modality
from robust_mer.protocol import Corruption


@dataclass(frozen=True)
class ScheduleSpec:
    """What makes the noise schedule of a corruption of features."""

    corruption: Corruption
    modalities: tuple[Modality, ...]
    """Those that the corruption touches, in the corpus' order."""
    mode: Literal["paper", "exact"]
    """``paper`` takes a whole number of steps, ``exact`` solves for abar."""
    schedule: Literal["linear", "scaled_linear"]
    """Of the betas; ``exact`` has no use for it."""


@dataclass(frozen=True)
class ScheduleFiles:
    """Files of a noise schedule."""

    utterances: Path
    folds: Path
    features: list[Path]
    """In the order of the spec's modalities."""
    schedule: Path
    """To write."""


@dataclass(frozen=True)
class MeasureSpec:
    """What makes the measured SNR of a corruption of recordings."""

    modality: Modality
    """The one whose recordings are corrupted."""


@dataclass(frozen=True)
class MeasureFiles:
    """Files of a measured SNR."""

    utterances: Path
    folds: Path
    clean: Path
    """Features of the modality."""
    corrupted: Path
    """Its features from what the corruption left."""
    schedule: Path
    """To write."""
