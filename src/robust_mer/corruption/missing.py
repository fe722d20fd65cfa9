"""Missing modalities: zeros in place of the features (Zhao et al. 2021); no noise is added."""

from typing import TYPE_CHECKING

import numpy as np

from robust_mer.corruption.draws import Draws
from robust_mer.corruption.noise import Noise

if TYPE_CHECKING:
    from torch import Tensor


class Missing(Noise):
    """A mask of everything."""

    unit = None
    is_mask = True
    takes_arrays = True

    def draw(self, shape: tuple[int, int], draws: Draws, lengths: np.ndarray) -> "Tensor":
        """Factors of frames [frames, D]: zeros."""
        frames, width = shape
        zeros = 0 * draws.uniform((frames, 1))
        return zeros[:, [0] * width]  # tensors and arrays expand in different ways
