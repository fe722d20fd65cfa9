"""DenseFace: what a DenseNet-BC that was trained on facial expressions says of a face."""

import json

import numpy as np
from safetensors import SafetensorError, safe_open
from torch import Tensor

from robust_mer.errors import InputError
from robust_mer.features.checkpoints import load_weights
from robust_mer.features.densenet import SIZE, DenseNet
from robust_mer.features.device import best_device
from robust_mer.features.pictures import Pictures, to_grey
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.features.weights import locate

SETTINGS = {
    # File as `snakemake train_denseface` writes it.
    "weights": "resources/denseface.safetensors",
}

_KEY = "weights of denseface"


class DenseFace:
    """Per frame with a face, the 342 averages behind the last dense block.

    MMIN's and NMER's visual features, from weights of one's own: theirs were never published. A
    frame without a face is left out, where theirs has zeros.

    Source: J. Zhao et al., "Missing modality imagination network for emotion recognition with
    uncertain missing modalities", ACL 2021, section 4.1.
    """

    def __init__(self, settings: dict):
        path = locate(settings["weights"], _KEY)
        try:
            with safe_open(path, "pt") as file:
                classes = json.loads((file.metadata() or {})["facts"])["classes"]
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise InputError(
                f"config: {_KEY}: {path} is not as snakemake train_denseface writes it: {error}"
            ) from error
        self._network = DenseNet(len(classes))
        self.weights_sha256 = load_weights(self._network, path, _KEY)
        self._device = best_device()
        self._network.eval().to(self._device)
        self._pictures = Pictures(settings, SIZE)
        self.frame_rate = self._pictures.frame_rate
        self.names = [f"denseface_{i}" for i in range(DenseNet.WIDTH)]

    def extract(self, utterance: Utterance) -> Extraction:
        """Features of the speaker's face: float32 [frames with a face, 342].

        Raises:
            UtteranceError: the video is missing, cannot be decoded, or ends before the utterance.
        """
        return self._pictures.extract(utterance, self._features, DenseNet.WIDTH)

    def _features(self, pictures: np.ndarray) -> Tensor:
        features, _ = self._network(to_grey(pictures).to(self._device))
        return features
