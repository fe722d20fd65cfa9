"""Laplacian noise: n ~ Laplace(0, 1/√2), with heavier tails than a Gaussian."""

from typing import TYPE_CHECKING

import numpy as np

from robust_mer.corruption.draws import Draws
from robust_mer.corruption.noise import Noise

if TYPE_CHECKING:
    from torch import Tensor


class Laplace(Noise):
    """Independent Laplacian values."""

    def draw(self, shape: tuple[int, int], draws: Draws, lengths: np.ndarray) -> "Tensor":
        """Noise of the given shape, power 1.

        One uniform number gives the sign, by its half of [0, 1), and the exponential magnitude, by
        its place in that half, so that the logarithm of 0 never occurs.
        """
        import torch

        doubled = 2 * draws.uniform(shape)
        sign = (doubled >= 1).float()
        magnitude = -torch.log1p(sign - doubled) / 2**0.5
        return (2 * sign - 1) * magnitude
