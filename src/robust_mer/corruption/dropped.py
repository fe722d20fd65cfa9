"""Dropped frames: zeros in place of whole frames, as where packets are lost; no noise is added."""

from torch import Tensor

from robust_mer.corruption.draws import Draws

SETTINGS = {
    # share of the frames; the corruption's name says it, e.g. dropped_30%
    "rate": 0.0,
}


def draw(shape: tuple[int, int], draws: Draws, rate: float) -> Tensor:
    """What multiplies frames [frames, D]: 0 for those that are dropped, 1 for the others.

    Each frame is dropped on its own. From the same draws, one that is dropped at some rate is
    dropped at every higher one.
    """
    return (draws.uniform((shape[0], 1)) >= rate).float().expand(shape)
