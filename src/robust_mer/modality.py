"""A modality of a corpus, for every stage after extraction."""

from collections.abc import Sequence
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
    """Name of its feature file: the extractor's, with the suffix ``@words`` or ``@10Hz`` if frames
    are averaged over words or resampled."""
    normalise: bool
    """Whether frames are normalised to zero mean and unit variance with the training part's
    statistics."""
    not_finite: float | None
    """Replacement of NaN and infinities; None: they are an error."""
    encoder: Encoder = "recurrent"
    """Its encoder in models: an LSTM (recurrent) or TextCNN (convolutional)."""


@dataclass(frozen=True)
class FeatureShape:
    """What a model must know of a modality's frames [T, width] when it is built."""

    width: int
    """Of the frames that the model receives."""
    encoder: Encoder = "recurrent"
    layers: Sequence[int] = ()
    """Numbers of the layers that feature files hold side by side, so that the model learns their
    weighted sum. Empty: feature files hold the frames that the model receives."""

    @property
    def stored_width(self) -> int:
        """Width of the frames in feature files."""
        return self.width * max(1, len(self.layers))
