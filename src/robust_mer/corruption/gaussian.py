"""Gaussian noise: n ~ N(0, I) (NMER, section 2.2.1)."""

from typing import TYPE_CHECKING

import numpy as np

from robust_mer.corruption.draws import Draws
from robust_mer.corruption.noise import Noise

if TYPE_CHECKING:
    from torch import Tensor


class Gaussian(Noise):
    """Independent standard normal values."""

    takes_arrays = True

    def draw(self, shape: tuple[int, int], draws: Draws, lengths: np.ndarray) -> "Tensor":
        """Noise of the given shape, power 1."""
        return draws.normal(shape)
