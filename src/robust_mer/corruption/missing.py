"""Missing modalities: zeros in place of the features (Zhao et al. 2021), no noise at all."""

from torch import Tensor

from robust_mer.corruption.draws import Draws


def draw(shape: tuple[int, ...], draws: Draws) -> Tensor:
    """Zeros of the given shape; with abar = 0 nothing else is left."""
    return 0 * draws.uniform(shape)
