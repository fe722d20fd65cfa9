"""DenseFace's network: a DenseNet-BC on grey pictures of faces (MMIN's and NMER's visual features).

G. Huang et al., "Densely Connected Convolutional Networks", CVPR 2017; growth 12, depth 100: three
blocks of 16 bottlenecks, between which a transition halves the channels. From the stem's 24 they
become 216, 108, 300, 150 and 342.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

SIZE = 64
"""Side of a picture in pixels."""

_GROWTH, _BOTTLENECK = 12, 4 * 12
_STEM, _BLOCKS, _LAYERS = 24, 3, 16
# Of FER+'s training pictures, of which 0 is black and 255 white.
_MEAN, _DEVIATION = 131.0754, 47.858


class DenseNet(nn.Module):
    """64 x 64 grey pictures to 342 features and a score per class.

    Args:
        classes: Number of classes.
    """

    WIDTH = 342

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, _STEM, 3, stride=2, padding=1, bias=False)
        width = _STEM
        parts: list[nn.Module] = []
        for block in range(_BLOCKS):
            if block:
                parts.append(_Transition(width))
                width //= 2
            parts += [_Bottleneck(width + _GROWTH * layer) for layer in range(_LAYERS)]
            width += _GROWTH * _LAYERS
        self.blocks = nn.Sequential(*parts)
        self.norm = nn.BatchNorm2d(width)
        self.scores = nn.Linear(width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Features [N, 342] (global average pool) and scores [N, classes] before softmax.

        Args:
            pictures: Values from 0 to 255, [N, 64, 64], uint8 or float32.
        """
        x = self.stem((pictures[:, None].float() - _MEAN) / _DEVIATION)
        features = functional.relu(self.norm(self.blocks(x))).mean(dim=(2, 3))
        return features, self.scores(features)


class _Bottleneck(nn.Module):
    """Adds twelve channels, computed from all previous ones through 48."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(width), nn.BatchNorm2d(_BOTTLENECK)
        self.conv1 = nn.Conv2d(width, _BOTTLENECK, 1, bias=False)
        self.conv2 = nn.Conv2d(_BOTTLENECK, _GROWTH, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        more = self.conv1(functional.relu(self.norm1(x)))
        more = self.conv2(functional.relu(self.norm2(more)))
        return torch.cat([x, more], dim=1)


class _Transition(nn.Module):
    """Halves the channels and the side of the picture."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width)
        self.conv = nn.Conv2d(width, width // 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(self.conv(functional.relu(self.norm(x))), 2)
