"""The learned sum of a network's layers, in front of a modality's encoder."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class LayerSum(nn.Module):
    """A weighted sum of layers, whose weights are a softmax of parameters; at first the mean.

    Source: S.-w. Yang et al., "SUPERB: Speech processing Universal PERformance Benchmark",
    Interspeech 2021, section 3.

    Args:
        numbers: Of the layers, in the order in which frames hold them.
        learns: Otherwise the sum remains the mean.
    """

    def __init__(self, numbers: Sequence[int], learns: bool = True) -> None:
        super().__init__()
        self.numbers, self._learns = tuple(numbers), learns
        self.logits = nn.Parameter(torch.zeros(len(self.numbers)))

    def forward(self, frames: Tensor) -> Tensor:
        """Frames [..., D] from frames that hold L layers side by side [..., L D]."""
        layers = frames.unflatten(-1, (len(self.numbers), -1))
        return (self.weights()[:, None] * layers).sum(dim=-2)

    def weights(self) -> Tensor:
        """The weight of each layer [L]; they add up to 1."""
        logits = self.logits if self._learns else self.logits.detach()
        return logits.softmax(dim=0)
