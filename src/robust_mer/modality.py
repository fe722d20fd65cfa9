"""A modality of a corpus, as every stage after extraction reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Encoder = Literal["recurrent", "convolutional"]


@dataclass(frozen=True)
class Modality:
    """How the frames of a modality are read."""

    name: str
    """e.g. ``audio``."""
    extractor: str
    """Name of its extractor in the config, or ``imported_{name}`` for published features."""
    features: str
    """Name of its feature file: the extractor's, with ``@words`` or ``@10Hz`` behind it where
    frames are averaged over words or resampled."""
    normalise: bool
    """Whether frames are brought to zero mean and unit variance with the training part's
    statistics."""
    not_finite: float | None
    """What takes the place of NaN and infinities; None: they are an error."""
    encoder: Encoder = "recurrent"
    """What models encode it with: an LSTM (recurrent) or TextCNN (convolutional)."""


@dataclass(frozen=True)
class FeatureShape:
    """What a model must know of a modality's frames [T, width] before it sees any."""

    width: int
    encoder: Encoder = "recurrent"


def modalities_of(
    features: Mapping[str, str],
    normalise: Mapping[str, bool] | None,
    not_finite: Mapping[str, float | None],
    encoders: Mapping[str, Encoder] | None = None,
) -> tuple[Modality, ...]:
    """The modalities that the config describes key by key.

    Args:
        features: Name of the feature file, by modality.
        normalise: Whether frames are normalised; None where that is of no consequence.
        not_finite: What takes the place of values that are not finite.
        encoders: What models encode it with; None where that is of no consequence.
    """
    return tuple(
        Modality(
            name,
            file.partition("@")[0],
            file,
            normalise is not None and normalise[name],
            not_finite[name],
            "recurrent" if encoders is None else encoders[name],
        )
        for name, file in features.items()
    )
