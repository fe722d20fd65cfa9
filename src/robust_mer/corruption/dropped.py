"""Dropped frames: zeros in place of whole frames, as if packets were lost; no noise is added."""

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from robust_mer.corruption.draws import Draws
from robust_mer.corruption.noise import Noise
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor


class DroppedSettings(Settings):
    """Settings of `Dropped`."""

    rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Fraction of the frames. The corruption's name sets it, e.g. ``dropped_30%``."""


class Dropped(Noise):
    """A mask of whole frames."""

    settings_class = DroppedSettings
    settings: DroppedSettings
    unit = "%"
    is_mask = True

    def draw(self, shape: tuple[int, int], draws: Draws, lengths: np.ndarray) -> "Tensor":
        """Factors of frames [frames, D]: 0 for dropped ones, 1 for the others.

        Frames are dropped independently. With the same draws, a frame that is dropped at some rate
        is dropped at every higher rate.
        """
        return (draws.uniform((shape[0], 1)) >= self.settings.rate).float().expand(shape)
