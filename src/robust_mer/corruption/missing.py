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

    def draw(self, shape: tuple[int, int], draws: Draws, lengths: np.ndarray) -> "Tensor":
        """Factors of frames [frames, D]: zeros."""
        return 0 * draws.uniform((shape[0], 1)).expand(shape)
