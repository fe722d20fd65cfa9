"""Dropped frames: zeros in place of whole frames, as if packets were lost; no noise is added.

As in TFR-Net (Z. Yuan et al., ACM Multimedia 2021), EMT-DLFR and LNLN, whose text loses words
before the encoder.
"""

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from robust_mer.corruption.draws import Draws, send
from robust_mer.corruption.noise import Noise
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor


class RateSettings(Settings):
    """Settings of `Dropped` and of `robust_mer.corruption.blocks.Blocks`."""

    rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Fraction of the frames. The corruption's name sets it, e.g. ``dropped_30%``."""
    highest: Annotated[float | None, Field(ge=0, le=1)] = None
    """Upper end of the range from which each utterance draws its rate; the corruption's name sets
    it, e.g. ``dropped_0to90%``. None: no range."""

    def of_utterances(self, count: int, draws: Draws) -> "Tensor | float":
        """The rate of each of so many utterances; one number if there is no range."""
        if self.highest is None:
            return self.rate
        return self.rate + (self.highest - self.rate) * draws.uniform((count,))


class Dropped(Noise):
    """A mask of whole frames."""

    settings_class = RateSettings
    settings: RateSettings
    unit = "%"
    is_mask = True

    def draw(self, shape: tuple[int, int], draws: Draws, lengths: np.ndarray) -> "Tensor":
        """Factors of frames [frames, D]: 0 for dropped ones, 1 for the others.

        Frames are dropped independently. With the same draws, a frame that is dropped at some rate
        is dropped at every higher rate.
        """
        chances = draws.uniform((shape[0], 1))
        rate = self.settings.of_utterances(len(lengths), draws)
        if not isinstance(rate, float):
            utterance = send(np.repeat(np.arange(len(lengths)), lengths), chances.device)
            rate = rate[utterance, None]
        return (chances >= rate).float().expand(shape)
