"""Visual features from any image encoder of transformers: CLIP, ViT, DINOv2 and the like."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from robust_mer.errors import UtteranceError
from robust_mer.features.encoders.settings import NetworkSettings
from robust_mer.features.layers import Layers
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.features.visual import PictureSettings, VisualExtractor
from robust_mer.features.weights import NetworkName

if TYPE_CHECKING:
    from torch import Tensor

_KEY = "model of image_encoder"


class ImageEncoderSettings(NetworkSettings, PictureSettings):
    """Settings of `ImageEncoder`."""

    model: NetworkName = "openai/clip-vit-base-patch32"
    """A model's id on the Hugging Face hub, or a folder with a model."""
    pool: Literal["auto", "first", "mean"] = "auto"
    """How the states of a picture's patches are pooled. ``first``: the state of the class token;
    ``mean``: the average of all; ``auto``: what suits the architecture."""


class ImageEncoder(VisualExtractor):
    """Per picture, hidden states of an image encoder; its configuration sets the preparation.

    A video encoder (VideoMAE) sees windows of pictures and gives a frame per two pictures.
    """

    settings_class = ImageEncoderSettings
    settings: ImageEncoderSettings

    def __init__(self, settings: ImageEncoderSettings) -> None:
        from robust_mer.features.encoders.pictures import load_pictures
        from robust_mer.features.encoders.states import probe
        from robust_mer.features.pictures import Pictures

        super().__init__(settings)
        network, pretrained = load_pictures(settings, settings.model, settings.pool, _KEY)
        self._network = network
        noise = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
        states = probe(lambda: network.states(noise), f"config: {_KEY}: {pretrained.folder}")
        self._layers = Layers(settings, len(states.layers) - 1, "image_encoder")
        self.layers = self._layers.learned
        self.pictures = Pictures(settings, at_once=network.at_once, per_row=network.per_row)
        self.frame_rate = settings.faces.frame_rate / network.per_row
        self.names = self._layers.names(self._layers.width(states.widths))
        self.weights_sha256 = pretrained.sha256

    def extract(self, utterance: Utterance) -> Extraction:
        """Features of the speaker's face or of whole pictures: float32 [frames, D].

        Raises:
            UtteranceError: the video is missing, cannot be decoded, or ends before the utterance.
        """
        extraction = super().extract(utterance)
        if self.settings.precision == "float16" and not np.isfinite(extraction.values).all():
            raise UtteranceError(
                "features exceed float16; use precision: bfloat16 or float32 of image_encoder"
            )
        return extraction

    def features_of(self, pictures: np.ndarray) -> "Tensor":
        """The pooled states, [N, hidden size]."""
        states = self._network.states(pictures)
        return self._layers.select(states.layers, states.last)
