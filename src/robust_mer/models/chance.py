"""Random draws inside a model: dropout, and normal noise for a latent.

torch's generators give a model in a stack other numbers than the same model alone. Here a draw is a
hash of the replica's key for the step, the place in the model, and the element. So a replica draws
the same numbers alone, in a stack of any size, and after it was resumed.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Chance(nn.Module):
    """A place in a model that draws. The engine sets its key [2], 32-bit integers, at each step.

    Two calls in one step draw the same numbers. A model that draws twice needs two places.
    """

    key: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("key", torch.zeros(2, dtype=torch.int32), persistent=False)

    def words(self, shape: torch.Size) -> Tensor:
        """Independent 32-bit integers of a shape, by two rounds of a multiply-xorshift hash."""
        word = torch.arange(shape.numel(), dtype=torch.int32, device=self.key.device)
        word = word ^ self.key[0]
        word = (word ^ ((word >> 16) & 0xFFFF)) * 0x7FEB352D + self.key[1]
        word = (word ^ ((word >> 15) & 0x1FFFF)) * (0x846CA68B - (1 << 32))
        return (word ^ ((word >> 16) & 0xFFFF)).view(shape)


class Dropout(Chance):
    """In training, sets values to zero with a probability and scales up the others.

    Args:
        probability: Of a value to be dropped, in [0, 1).
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return values
        kept = (self.words(values.shape) & 0x7FFFFFFF) >= int(self.probability * (1 << 31))
        return torch.where(kept, values / (1 - self.probability), 0.0)


class StandardNormal(Chance):
    """Draws from N(0, 1) in the shape of a tensor, by the Box-Muller transform."""

    def forward(self, like: Tensor) -> Tensor:
        uniform = (self.words(torch.Size([2, *like.shape])) & 0x7FFFFFFF).to(like.dtype)
        radius, angle = (uniform + 0.5) / (1 << 31)
        return (-2 * radius.log()).sqrt() * (2 * math.pi * angle).cos()


@contextmanager
def drawing(module: nn.Module, draw: int) -> Iterator[None]:
    """Put a module that is in eval mode into training mode, with draws of its own.

    Args:
        module: Its dropout is at work inside the context.
        draw: Another number draws other values.
    """
    sites = [part for part in module.modules() if isinstance(part, Chance)]
    keys = [site.key for site in sites]
    module.train()
    for place, site in enumerate(sites):
        site.key = torch.tensor([draw, place], dtype=torch.int32, device=site.key.device)
    try:
        yield
    finally:
        module.eval()
        for site, key in zip(sites, keys, strict=True):
            site.key = key
