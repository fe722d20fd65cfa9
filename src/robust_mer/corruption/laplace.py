"""Laplacian noise: n ~ Laplace(0, 1/√2), with heavier tails than a Gaussian."""

import torch
from torch import Tensor

from robust_mer.corruption.draws import Draws


def draw(shape: tuple[int, ...], draws: Draws) -> Tensor:
    """Noise of the given shape, power 1.

    One uniform number gives the sign, by the half of [0, 1) that it falls into, and by its place
    there the magnitude, which is exponential: the logarithm never meets 0.
    """
    doubled = 2 * draws.uniform(shape)
    sign = (doubled >= 1).float()
    magnitude = -torch.log1p(sign - doubled) / 2**0.5
    return (2 * sign - 1) * magnitude
