"""ResNet-152's pool5, as CMU-MOSEI's visual features."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import field_validator

from robust_mer.errors import InputError
from robust_mer.features.visual import PictureSettings, VisualExtractor
from robust_mer.features.weights import NetworkName, locate

if TYPE_CHECKING:
    from torch import Tensor

_KEY = "weights of resnet152"
_NAMES = ("IMAGENET1K_V1", "IMAGENET1K_V2", "DEFAULT")
_WIDTH = 2048
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pictures
_SIDE = 224  # pixels of the network's input
_SHORTER = 256  # pixels of the shorter side before cropping; torchvision's weights specify theirs


class ResNet152Settings(PictureSettings):
    """Settings of `ResNet152`."""

    weights: NetworkName = "IMAGENET1K_V2"
    """torchvision's name of ImageNet weights, which are downloaded once; or a .safetensors or .pth
    file of torchvision's resnet152."""

    @field_validator("weights")
    @classmethod
    def _check_weights(cls, weights: str) -> str:
        if weights not in _NAMES and Path(weights).suffix not in (".safetensors", ".pth"):
            raise ValueError(f"expected {', '.join(_NAMES)}, or a .safetensors or .pth file")
        return weights


class ResNet152(VisualExtractor):
    """Per picture, the 2048 averages before the last layer.

    Source: K. He et al., "Deep residual learning for image recognition", CVPR 2016.
    """

    settings_class = ResNet152Settings
    settings: ResNet152Settings

    def __init__(self, settings: ResNet152Settings) -> None:
        from torch import nn
        from torchvision.models import ResNet152_Weights, resnet152

        from robust_mer.features.checkpoints import load_weights
        from robust_mer.features.device import best_device
        from robust_mer.features.pictures import Pictures

        super().__init__(settings)
        name = settings.weights
        is_named = name in ResNet152_Weights.__members__
        path, shorter = _download(name) if is_named else (locate(name, _KEY), _SHORTER)
        self._network = resnet152()
        self.weights_sha256 = load_weights(self._network, path, _KEY)
        self._network.fc = nn.Identity()
        self._device = best_device()
        self._network.eval().to(self._device)
        self.pictures = Pictures(settings, _SIDE, shorter)
        self.names = [f"pool5_{i}" for i in range(_WIDTH)]

    def features_of(self, pictures: np.ndarray) -> "Tensor":
        """The averages, [N, 2048]."""
        from robust_mer.features.pictures import to_normalised

        x = to_normalised(pictures, _MEAN, _DEVIATION)
        return self._network(x.to(self._device))


def _download(name: str) -> tuple[Path, int]:
    """The file of torchvision's weights, downloaded once, and the shorter side of its pictures."""
    import torch
    from torchvision.models import ResNet152_Weights

    weights = ResNet152_Weights[name]
    path = Path(torch.hub.get_dir(), "checkpoints", Path(weights.url).name)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        digits = path.stem.partition("-")[2]  # the first of its SHA-256
        try:
            torch.hub.download_url_to_file(weights.url, str(path), digits, progress=False)
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"config: {_KEY} is {name!r}, but it cannot be downloaded from {weights.url} "
                f"({error}). Name a file, or download it yourself to {path}"
            ) from error
    return path, weights.transforms().resize_size[0]
