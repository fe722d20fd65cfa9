"""Specs and files of the corruption stage's jobs; imports no torch or pandas."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from robust_mer.conditions import Corruption
from robust_mer.modality import Modality


@dataclass(frozen=True)
class ScheduleSpec:
    """Determines the noise schedule of a corruption of features."""

    corruption: Corruption
    modalities: tuple[Modality, ...]
    """Those that the corruption touches, in the corpus' order."""
    mode: Literal["paper", "exact"]
    """``paper`` takes a whole number of steps, ``exact`` solves for abar."""
    schedule: Literal["linear", "scaled_linear"]
    """Of the betas; unused with ``exact``."""


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
    """Determines the measured SNR of a corruption of recordings."""

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
    """Its features from the corrupted recordings."""
    schedule: Path
    """To write."""
