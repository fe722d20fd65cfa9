"""Missing modalities: zeros in place of the features (Zhao et al. 2021), no noise at all."""

from torch import Tensor

from robust_mer.corruption.draws import Draws


def draw(shape: tuple[int, int], draws: Draws) -> Tensor:
    """What multiplies frames [frames, D]: zeros."""
    return 0 * draws.uniform((shape[0], 1)).expand(shape)
