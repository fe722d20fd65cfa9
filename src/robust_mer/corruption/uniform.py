"""Uniform noise: n ~ U(-√3, √3)."""

from typing import TYPE_CHECKING

import numpy as np

from robust_mer.corruption.draws import Draws
from robust_mer.corruption.noise import Noise

if TYPE_CHECKING:
    from torch import Tensor


class Uniform(Noise):
    """Independent uniform values."""

    takes_arrays = True

    def draw(self, shape: tuple[int, int], draws: Draws, lengths: np.ndarray) -> "Tensor":
        """Noise of the given shape, power 1."""
        return (draws.uniform(shape) - 0.5) * 12**0.5
