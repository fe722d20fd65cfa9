"""What the jobs that compute scores are made from; free of torch and pandas."""

from collections.abc import Mapping
from dataclasses import dataclass

from robust_mer.evaluation.experiment import Experiment
from robust_mer.modality import Modality
from robust_mer.protocol import Corruption


@dataclass(frozen=True)
class SummarySpec:
    """What `robust_mer.evaluation.scores.write_summary` is made from."""

    experiment: Experiment
    scheduled: tuple[str, ...]
    """Corruptions of features that have a schedule."""


@dataclass(frozen=True)
class ScoresSpec:
    """What `robust_mer.evaluation.scores.compute_statistics` is made from."""

    experiment: Experiment


@dataclass(frozen=True)
class SplitSpec:
    """What `robust_mer.evaluation.split.write_split` is made from."""

    experiment: Experiment
    column: str
    """Of the index."""


@dataclass(frozen=True)
class CalibrationSpec:
    """What `robust_mer.evaluation.calibration.calibrate_raw` is made from."""

    experiment: Experiment
    raw: Mapping[str, str]
    """The modality that each raw corruption touches."""
    gaussian: tuple[str, ...]
    """Names of the Gaussian noises that raw corruptions are compared with."""
    modalities: Mapping[str, list[str]]
    """Those that each model uses."""


@dataclass(frozen=True)
class NoiseSnrSpec:
    """What `robust_mer.evaluation.embeddings.measure_noise` is made from."""

    corruption: Corruption
    modalities: tuple[Modality, ...]
    """Of the corpus that the corruption touches, in their order."""
