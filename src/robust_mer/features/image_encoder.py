"""Visual features from any image encoder of transformers: CLIP, ViT, DINOv2 and the like."""

import numpy as np
from torch import Tensor
from transformers import AutoImageProcessor

from robust_mer.errors import InputError
from robust_mer.features.pictures import Pictures
from robust_mer.features.pretrained import Pretrained
from robust_mer.features.utterance import Extraction, Utterance

SETTINGS = {
    # A model's id on the Hugging Face hub, or a folder that holds a model.
    "model": "openai/clip-vit-base-patch32",
    # Behind which block its states are taken; 0: before the first; -1: the model's own last ones.
    "layer": -1,
    # What becomes of the states of a picture's patches: first: that of the class token; mean: the
    # average of all.
    "pool": "first",
    # What the network sees: face, or frame: the whole picture.
    "of": "face",
}

LIMITS = {"layer": (-1, 1000), "pool": ["first", "mean"], "of": ["face", "frame"]}

_KEY = "model of image_encoder"


class ImageEncoder:
    """Per picture, hidden states of an image encoder, prepared as its own settings say."""

    def __init__(self, settings: dict):
        pretrained = Pretrained(settings["model"], _KEY)
        folder = pretrained.folder
        try:
            self._prepare = AutoImageProcessor.from_pretrained(folder, local_files_only=True)
        except Exception as error:  # what goes wrong in there has no class in common
            raise InputError(f"config: {_KEY}: {folder} cannot be loaded: {error}") from error
        # CLIP has a text encoder beside it
        self._model = getattr(pretrained.network, "vision_model", pretrained.network)
        config = self._model.config
        if getattr(self._model, "main_input_name", "") != "pixel_values":
            raise InputError(f"config: {_KEY}: {folder} is no image encoder: {config.model_type}")
        self._layer, self._pool = settings["layer"], settings["pool"]
        if self._layer > config.num_hidden_layers:
            raise InputError(
                f"config: layer of image_encoder is {self._layer}, and {settings['model']} has "
                f"{config.num_hidden_layers} blocks"
            )
        self._device = pretrained.device
        self._pictures = Pictures(settings)
        self.frame_rate = self._pictures.frame_rate
        self.names = [f"hidden_{i}" for i in range(config.hidden_size)]
        self.weights_sha256 = pretrained.sha256

    def extract(self, utterance: Utterance) -> Extraction:
        """Features of the speaker's face or of whole pictures: float32 [frames, hidden size].

        Raises:
            UtteranceError: the video is missing, cannot be decoded, or ends before the utterance.
        """
        return self._pictures.extract(utterance, self._features, len(self.names))

    def _features(self, pictures: np.ndarray) -> Tensor:
        x = self._prepare(images=list(pictures), return_tensors="pt")["pixel_values"]
        found = self._model(pixel_values=x.to(self._device), output_hidden_states=True)
        last = self._layer == -1
        states = found.last_hidden_state if last else found.hidden_states[self._layer]
        return states[:, 0] if self._pool == "first" else states.mean(dim=1)
