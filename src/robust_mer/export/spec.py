"""The jobs of the export: what makes a result, and its files. Free of slow imports."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robust_mer.conditions import Corruption
from robust_mer.modality import Modality
from robust_mer.settings import Plugin


@dataclass(frozen=True)
class ExportModelSpec:
    """What makes the folder of an exported model, beside its checkpoint."""

    name: str
    """Of the model in the config."""
    implementation: str
    """``"module:Class"`` of the model, which its checkpoint must name."""
    corpus: str
    """Name of the corpus that it was trained on."""
    note: str | None
    """What the config says about the corpus."""
    modalities: tuple[Modality, ...]
    """Those that the model reads."""
    extractors: Mapping[str, Plugin]
    """By modality; none for published features."""
    recognisers: Mapping[str, Mapping[str, Any]]
    """By modality, the settings of the recogniser of its words; none for those of the index."""
    transcripts: Mapping[str, str]
    """By modality, whose words its extractor received; none for published features."""
    tested_on: tuple[str, ...]
    """Corruptions, in the order of the predictions' files."""
    calibrated_on: Mapping[str, str]
    """Those of them that calibrate prediction sets, because the model has met them in training;
    each with the letters of the modalities that it takes away."""
    config: Mapping[str, Any]
    """The sections of the config that made the model."""
    code: str
    """Identity of the code that exports it."""


@dataclass(frozen=True)
class ExportModelFiles:
    """Files of an exported model."""

    checkpoint: Path
    features: list[Path]
    """Of the modalities, in their order."""
    predictions: list[Path]
    weights: Path
    """To write."""
    description: Path
    """To write."""
    card: Path
    """To write."""


@dataclass(frozen=True)
class ExportFeaturesSpec:
    """What makes a tree of corrupted features."""

    modalities: tuple[Modality, ...]
    corruption: Corruption
    task: Plugin
    """What the labels are."""
    fold: int


@dataclass(frozen=True)
class ExportFeaturesFiles:
    """Files of a tree of corrupted features."""

    utterances: Path
    folds: Path
    features: list[Path]
    """Of the modalities, in their order."""
    schedule: Path | None
    """Of noise on features; None without noise."""
    tree: Path
    """Folder to write."""
    readme: Path
    """To write: a page that says what is in the tree."""
