"""The jobs of the feature stage: what makes a result, and its files. Free of slow imports."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robust_mer.settings import Plugin


@dataclass(frozen=True)
class RawSpec:
    """How recordings or transcripts are corrupted before extraction."""

    kind: str
    """Name of the kind in the config; part of the key of its random numbers."""
    corruption: Plugin
    """A `robust_mer.corruption.raw.kind.RawKind`."""
    amount: float
    """In the kind's unit."""
    seed: int


@dataclass(frozen=True)
class ExtractSpec:
    """What makes features."""

    extractor: Plugin
    """A `robust_mer.features.extractor.Extractor`."""
    weights_sha256: str = ""
    """What the SHA-256 of the extractor's weights must be; empty: anything."""
    corruption: RawSpec | None = None
    """None for features of recordings as they are."""


@dataclass(frozen=True)
class ExtractFiles:
    """Files of an extraction."""

    utterances: Path
    features: Path
    """HDF5 file of the feature store to write."""
    table: Path
    """To write: utterance, frames, looked_at (frames or tokens examined), seconds, status (``ok``,
    ``empty`` = no frames, ``failed``) and reason."""
    faces: Path | None = None
    """The corpus' faces, for extractors that look at them; None: they are looked for."""
    folds: Path | None = None
    """For a corruption that draws on other speakers."""


@dataclass(frozen=True)
class FacesSpec:
    """What makes the faces of a corpus."""

    settings: dict[str, Any]
    """Of type `robust_mer.features.faces.FacesSettings`."""


@dataclass(frozen=True)
class FacesFiles:
    """Files of a search for faces."""

    utterances: Path
    faces: Path
    """To write; see `robust_mer.features.face_file`."""
    table: Path
    """To write: all utterances, as in an extraction."""
    reasons: Path
    """To write: how many utterances have which status and reason."""


@dataclass(frozen=True)
class SheetsSpec:
    """What makes contact sheets: their code alone."""


@dataclass(frozen=True)
class SheetsFiles:
    """Files of contact sheets."""

    utterances: Path
    faces: Path
    sheets: Path
    """Folder for the pages ``{session}.jpg``, ``{session}_2.jpg`` and so on; it is replaced."""


@dataclass(frozen=True)
class AlignSpec:
    """What makes features that are averaged over words."""

    modality: str
    not_finite: float | None
    """What replaces values that are NaN or infinite; None: they are an error."""


@dataclass(frozen=True)
class AlignFiles:
    """Files of an alignment."""

    source: Path
    source_table: Path
    words: Path
    """The words of the corpus with their times."""
    problems: Path
    """Utterances whose words are unknown, and why."""
    utterances: Path
    """The index; frames of text are matched with its transcripts."""
    features: Path
    """To write."""
    table: Path
    """To write."""


@dataclass(frozen=True)
class ResampleSpec:
    """What makes features at another frame rate."""

    frame_rate: float
    """Frames per second."""
    not_finite: float | None
    """What replaces values that are NaN or infinite; None: they are an error."""


@dataclass(frozen=True)
class ResampleFiles:
    """Files of a resampling."""

    source: Path
    source_table: Path
    features: Path
    """To write."""
    table: Path
    """To write."""


@dataclass(frozen=True)
class FeaturesTableSpec:
    """What makes the table of a corpus' features."""

    modalities: tuple[str, ...]
    """Of each feature file."""


@dataclass(frozen=True)
class FeaturesTableFiles:
    """Files of the table of a corpus' features."""

    tables: list[Path]
    """The feature files' tables, in the order of the spec's modalities."""
    csv: Path
    """To write."""
    md: Path
    """To write: the same in Markdown."""


@dataclass(frozen=True)
class DenseFaceSpec:
    """What makes DenseFace's network."""

    settings: dict[str, Any]
    """Of type `robust_mer.features.denseface.DenseFaceTrainingSettings`."""


@dataclass(frozen=True)
class DenseFaceFiles:
    """Files of the training of DenseFace's network."""

    faces: list[Path]
    """FER2013 and, where its labels are used, FER+."""
    weights: Path
    """To write: the .safetensors file, whose metadata holds ``classes`` and the accuracy."""
    card: Path
    """To write: a page in Markdown that says how the weights were made and what they reach."""
