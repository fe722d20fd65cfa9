"""Visual features from any image encoder of transformers: CLIP, ViT, DINOv2 and the like."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from robust_mer.errors import InputError
from robust_mer.features.layers import Layers, LayerSettings
from robust_mer.features.visual import PictureSettings, VisualExtractor

if TYPE_CHECKING:
    from torch import Tensor

_KEY = "model of image_encoder"


class ImageEncoderSettings(LayerSettings, PictureSettings):
    """Settings of `ImageEncoder`."""

    model: str = "openai/clip-vit-base-patch32"
    """A model's id on the Hugging Face hub, or a folder with a model."""
    pool: Literal["first", "mean"] = "first"
    """How the states of a picture's patches are pooled. ``first``: the state of the class token;
    ``mean``: the average of all."""


class ImageEncoder(VisualExtractor):
    """Per picture, hidden states of an image encoder; its configuration sets the preparation."""

    settings_class = ImageEncoderSettings
    settings: ImageEncoderSettings

    def __init__(self, settings: ImageEncoderSettings) -> None:
        from transformers import AutoImageProcessor

        from robust_mer.features.pictures import Pictures
        from robust_mer.features.pretrained import Pretrained

        super().__init__(settings)
        pretrained = Pretrained(settings.model, _KEY)
        folder = pretrained.folder
        try:
            self._prepare = AutoImageProcessor.from_pretrained(folder, local_files_only=True)
        except Exception as error:  # transformers raises errors of many classes
            raise InputError(f"config: {_KEY}: {folder} cannot be loaded: {error}") from error
        # CLIP also has a text encoder
        self._model = getattr(pretrained.network, "vision_model", pretrained.network)
        config: Any = self._model.config
        if getattr(self._model, "main_input_name", "") != "pixel_values":
            raise InputError(
                f"config: {_KEY}: {folder} is not an image encoder: {config.model_type}"
            )
        self._layers = Layers(settings, config.num_hidden_layers, "image_encoder")
        self.layers = self._layers.learned
        self._device = pretrained.device
        self.pictures = Pictures(settings)
        self.names = self._layers.names(config.hidden_size)
        self.weights_sha256 = pretrained.sha256

    def features_of(self, pictures: np.ndarray) -> "Tensor":
        """The pooled states, [N, hidden size]."""
        x = self._prepare(images=list(pictures), return_tensors="pt")["pixel_values"]
        output = self._model(pixel_values=x.to(self._device), output_hidden_states=True)
        states = self._layers.select(output.hidden_states, output.last_hidden_state)
        return states[:, 0] if self.settings.pool == "first" else states.mean(dim=1)
