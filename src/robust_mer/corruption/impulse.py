"""Impulse noise: n is +1 or -1 with a given frequency, else 0 (NMER, section 2.2.2)."""

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from robust_mer.corruption.draws import Draws
from robust_mer.corruption.noise import Noise
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor


class ImpulseSettings(Settings):
    """Settings of `Impulse`."""

    frequency: Annotated[float, Field(ge=1e-6, le=1)] = 0.3
    """Fraction of the values that the noise hits (NMER, section 3.3)."""


class Impulse(Noise):
    """Impulses on single values."""

    settings_class = ImpulseSettings
    settings: ImpulseSettings
    takes_arrays = True

    def draw(self, shape: tuple[int, int], draws: Draws, lengths: np.ndarray) -> "Tensor":
        """Noise of the given shape, power ``frequency``.

        One uniform number decides both whether a value is hit and with which sign.
        """
        frequency = self.settings.frequency
        uniform = draws.uniform(shape)
        one: Any = np.float32(1)
        return (uniform < frequency) * one - 2 * ((uniform < frequency / 2) * one)
