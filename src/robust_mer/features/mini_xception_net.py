"""mini-Xception's network, and its weights from a Keras file."""

from collections.abc import Iterable
from pathlib import Path
from typing import cast

import h5py
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from robust_mer.features.mini_xception import CLASSES, WIDTH

_WIDTHS = [16, 32, 64, WIDTH]  # channels of the four residual blocks


class MiniXceptionNetwork(nn.Module):
    """mini-Xception as in the packaged Keras file: 64 x 64 grey pictures, 7 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, bias=False)
        self.norm1 = _norm(8)
        self.conv2 = nn.Conv2d(8, 8, 3, bias=False)
        self.norm2 = _norm(8)
        widths = [8, *_WIDTHS]
        self.blocks = nn.ModuleList(map(_Block, widths[:-1], widths[1:]))
        self.scores = nn.Conv2d(widths[-1], len(CLASSES), 3, padding=1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Averages of the last block [N, 128] and class scores [N, 7] of uint8 [N, 64, 64]."""
        x = (pictures[:, None].float() / 255 - 0.5) * 2
        x = functional.relu(self.norm1(self.conv1(x)))
        x = functional.relu(self.norm2(self.conv2(x)))
        for block in self.blocks:
            x = block(x)
        return x.mean(dim=(2, 3)), self.scores(x).mean(dim=(2, 3))

    def load_keras(self, path: Path) -> None:
        """Load the weights of the Keras file at ``path``, whose layers are numbered by kind."""
        with h5py.File(path) as file:
            keras = _KerasWeights(file["model_weights"])
            keras.conv(self.conv1, 1)
            keras.norm(self.norm1, 1)
            keras.conv(self.conv2, 2)
            keras.norm(self.norm2, 2)
            for i, block in enumerate(cast("Iterable[_Block]", self.blocks)):
                keras.conv(block.shortcut, 3 + i)
                keras.norm(block.shortcut_norm, 3 + 3 * i)
                keras.separable(block.separable1, 1 + 2 * i)
                keras.norm(block.norm1, 4 + 3 * i)
                keras.separable(block.separable2, 2 + 2 * i)
                keras.norm(block.norm2, 5 + 3 * i)
            keras.conv(self.scores, 7)


class _Block(nn.Module):
    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.shortcut = nn.Conv2d(width_in, width, 1, stride=2, bias=False)
        self.shortcut_norm = _norm(width)
        self.separable1 = _separable(width_in, width)
        self.norm1 = _norm(width)
        self.separable2 = _separable(width, width)
        self.norm2 = _norm(width)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.norm1(self.separable1(x)))
        y = self.norm2(self.separable2(y))
        return self.shortcut_norm(self.shortcut(x)) + max_pool_same(y)


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3)  # Keras's default


def _separable(width_in: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width_in, width_in, 3, padding=1, groups=width_in, bias=False),
        nn.Conv2d(width_in, width, 1, bias=False),
    )


def max_pool_same(x: Tensor) -> Tensor:
    """3 x 3 maximum at stride 2 with TensorFlow's ``same`` padding: the odd pixel is at the end."""
    padding = 1 if x.shape[-1] % 2 == 0 else 2
    leading, trailing = padding // 2, padding - padding // 2
    x = functional.pad(x, (leading, trailing, leading, trailing), value=-torch.inf)
    return functional.max_pool2d(x, 3, stride=2)


class _KerasWeights:
    """Copies a Keras file's arrays into PyTorch layers, whose axes are in another order."""

    def __init__(self, group: h5py.Group) -> None:
        self._group = group

    def conv(self, layer: nn.Conv2d, number: int) -> None:
        values = {"weight": self._read("conv2d", number, "kernel").transpose(3, 2, 0, 1)}
        if layer.bias is not None:
            values["bias"] = self._read("conv2d", number, "bias")
        _load(layer, values)

    def separable(self, layers: nn.Sequential, number: int) -> None:
        depthwise = self._read("separable_conv2d", number, "depthwise_kernel")
        pointwise = self._read("separable_conv2d", number, "pointwise_kernel")
        _load(layers[0], {"weight": depthwise.transpose(2, 3, 0, 1)})
        _load(layers[1], {"weight": pointwise.transpose(3, 2, 0, 1)})

    def norm(self, layer: nn.BatchNorm2d, number: int) -> None:
        names = {
            "weight": "gamma",
            "bias": "beta",
            "running_mean": "moving_mean",
            "running_var": "moving_variance",
        }
        values = {
            target: self._read("batch_normalization", number, source)
            for target, source in names.items()
        }
        _load(layer, {**values, "num_batches_tracked": np.array(0)})

    def _read(self, kind: str, number: int, name: str) -> np.ndarray:
        return self._group[f"{kind}_{number}/{kind}_{number}_1/{name}:0"][()]


def _load(layer: nn.Module, values: dict[str, np.ndarray]) -> None:
    layer.load_state_dict(
        {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in values.items()}
    )
