"""Uniform noise: n ~ U(-√3, √3)."""

from torch import Tensor

from robust_mer.corruption.draws import Draws


def draw(shape: tuple[int, ...], draws: Draws) -> Tensor:
    """Noise of the given shape, power 1."""
    return (draws.uniform(shape) - 0.5) * 12**0.5
