"""What extractors of pictures have in common."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from robust_mer.features.extractor import Extractor
from robust_mer.features.faces import FacesSettings
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

    from robust_mer.features.pictures import Pictures


class VisualSettings(Settings):
    """Settings of an extractor of pictures."""

    faces: FacesSettings = FacesSettings()
    """How faces are found. The config fills it in from ``features.faces``."""


class PictureSettings(VisualSettings):
    """Settings of an extractor that sees faces or whole pictures."""

    of: Literal["face", "frame"] = "face"
    """What the network sees: a face, or (``frame``) the whole picture, of which a network with an
    input of fixed size sees the middle."""


class VisualExtractor(Extractor):
    """Takes a network over the pictures of an utterance.

    A constructor sets ``pictures`` and ``names``.
    """

    settings_class = VisualSettings
    settings: VisualSettings
    modality = "video"
    looks_at_faces = True
    uses_gpu = True
    pictures: "Pictures"

    def __init__(self, settings: VisualSettings) -> None:
        super().__init__(settings)
        self.frame_rate = settings.faces.frame_rate

    @classmethod
    def rate_of(cls, settings: Settings) -> float | None:
        """0: there are gaps where there is no face or no picture."""
        return 0.0

    def extract(self, utterance: Utterance) -> Extraction:
        """Features of the speaker's face or of whole pictures: float32 [frames, D].

        Raises:
            UtteranceError: the video is missing, cannot be decoded, or ends before the utterance.
        """
        return self.pictures.extract(utterance, self.features_of, len(self.names))

    def features_of(self, pictures: np.ndarray) -> "Tensor":
        """Features [N, D] of RGB pictures, uint8 [N, height, width, 3]."""
        raise NotImplementedError
