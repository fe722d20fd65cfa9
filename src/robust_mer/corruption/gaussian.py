"""Gaussian noise: n ~ N(0, I) (NMER, section 2.2.1)."""

from torch import Tensor

from robust_mer.corruption.draws import Draws


def draw(shape: tuple[int, ...], draws: Draws) -> Tensor:
    """Noise of the given shape, power 1."""
    return draws.normal(shape)
