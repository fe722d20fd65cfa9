"""Specs and files of the feature stage's jobs; imports no torch or pandas."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from robust_mer.settings import Plugin

Transcript = Literal["index", "recognised", "recognised_if_missing"]


@dataclass(frozen=True)
class RawSpec:
    """How recordings or transcripts are corrupted before extraction."""

    kind: str
    """Name of the kind in the config; part of the key of its random numbers."""
    corruption: Plugin
    """A `robust_mer.corruption.raw.kind.RawKind`."""
    amount: float | tuple[float, float]
    """In the kind's unit; of a range, its ends."""
    seed: int


@dataclass(frozen=True)
class ExtractSpec:
    """Determines features."""

    extractor: Plugin
    """A `robust_mer.features.extractor.Extractor`."""
    weights_sha256: str = ""
    """Required SHA-256 of the extractor's weights; empty: any."""
    corruption: RawSpec | None = None
    """None for features of uncorrupted recordings."""
    transcript: Transcript = "index"
    """Whose words an extractor of text receives."""


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
    """The corpus' faces, for extractors of faces; None: the extraction detects them."""
    folds: Path | None = None
    """For a corruption that needs other speakers."""
    texts: Path | None = None
    """The recognised texts, unless all words are those of the index."""
    recordings: Path | None = None
    """The hash of all recordings, for Snakemake to watch."""


@dataclass(frozen=True)
class RecogniseSpec:
    """Determines the words that a recogniser hears."""

    settings: dict[str, Any]
    """Of type `robust_mer.features.recogniser.RecogniserSettings`."""
    corruption: RawSpec | None = None
    """None for uncorrupted recordings."""
    only_missing: bool = False
    """Whether utterances with a transcript in the index are skipped: no extractor needs the words
    that are heard in them."""


@dataclass(frozen=True)
class RecogniseFiles:
    """Files of a recognition."""

    utterances: Path
    texts: Path
    """To write: utterance, status, reason and seconds as in an extraction, recognised and
    transcript (that of the index). A skipped utterance is ``ok``, without seconds."""
    words: Path
    """To write: utterance, word, start and end; no times if the model gives none."""
    folds: Path | None = None
    """For a corruption that needs other speakers."""
    recordings: Path | None = None
    """The hash of all recordings, for Snakemake to watch."""


@dataclass(frozen=True)
class FacesSpec:
    """Determines the faces of a corpus."""

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
    """To write: the number of utterances by status and reason."""
    recordings: Path | None = None
    """The hash of all recordings, for Snakemake to watch."""


@dataclass(frozen=True)
class SheetsSpec:
    """Contact sheets have no settings."""


@dataclass(frozen=True)
class SheetsFiles:
    """Files of contact sheets."""

    utterances: Path
    faces: Path
    sheets: Path
    """Folder for the pages ``{session}.jpg``, ``{session}_2.jpg`` and so on; it is replaced."""


@dataclass(frozen=True)
class AlignSpec:
    """Determines features averaged over words."""

    modality: str
    not_finite: float | None
    """Replacement of NaN and infinite values; None: they are an error."""


@dataclass(frozen=True)
class AlignFiles:
    """Files of an alignment."""

    source: Path
    source_table: Path
    words: Path
    """The words of the corpus with their times."""
    problems: Path
    """Utterances whose words are unknown, with the reason."""
    utterances: Path
    """The index; frames of text are matched with its transcripts."""
    features: Path
    """To write."""
    table: Path
    """To write."""


@dataclass(frozen=True)
class ResampleSpec:
    """Determines features at another frame rate."""

    frame_rate: float
    """In Hz."""
    not_finite: float | None
    """Replacement of NaN and infinite values; None: they are an error."""


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
class JoinFeaturesSpec:
    """What makes a feature file of joined corpora."""

    members: list[str]
    """Their names."""
    is_imported: bool
    """Whether these are published features, each corpus' from a file of its own."""


@dataclass(frozen=True)
class JoinFeaturesFiles:
    """Files of joined features; those of the members are in the order of the spec."""

    utterances: Path
    """Input: the joined index."""
    member_features: list[Path]
    """Input."""
    member_tables: list[Path]
    """Input."""
    features: Path
    """Output: HDF5 file of the feature store."""
    table: Path
    """Output: the rows of the members' tables."""


@dataclass(frozen=True)
class FeaturesTableSpec:
    """Determines the table of a corpus' features."""

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
    """Determines DenseFace's network."""

    settings: dict[str, Any]
    """Of type `robust_mer.features.denseface.DenseFaceTrainingSettings`."""


@dataclass(frozen=True)
class DenseFaceFiles:
    """Files of the training of DenseFace's network."""

    faces: list[Path]
    """FER2013 and, if its labels are used, FER+."""
    weights: Path
    """To write: the .safetensors file, with ``classes`` and the accuracy in its metadata."""
    card: Path
    """To write: a page in Markdown on the training and the accuracy."""
