"""Pink noise: power falls with frequency as 1/f along time, independently in every dimension.

The sum of processes that hold a Gaussian value for 1, 2, 4, ... frames each, as Voss proposed
(M. Gardner, White and brown music, fractal curves and one-over-f fluctuations, Scientific American
238(4), 1978). The first hold of an utterance starts at a random phase, which makes the noise
stationary.
"""

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from robust_mer.corruption.draws import Draws, send
from robust_mer.corruption.noise import Noise
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor


class PinkSettings(Settings):
    """Settings of `Pink`."""

    octaves: Annotated[int, Field(ge=1, le=16)] = 8
    """Number of octaves that follow 1/f. Below 1 / 2^octaves of the frame rate the spectrum is
    flat."""


class Pink(Noise):
    """Gaussian noise with a 1/f spectrum, power 1."""

    settings_class = PinkSettings
    settings: PinkSettings

    def draw(self, shape: tuple[int, int], draws: Draws, lengths: np.ndarray) -> "Tensor":
        """Noise [frames, D] of consecutive utterances."""
        octaves = self.settings.octaves
        values = draws.normal(shape)
        device, width = values.device, shape[1]
        begin = lengths.cumsum() - lengths
        utterance = send(np.repeat(np.arange(len(lengths)), lengths), device)
        place = send(np.arange(shape[0]) - np.repeat(begin, lengths), device)
        for octave in range(1, octaves):
            hold = 2**octave
            # the most values that an utterance can need, whatever its phase
            holds = (lengths + hold - 2) // hold + 1
            first = send(holds.cumsum() - holds, device)
            phase = (draws.uniform((len(lengths),)) * hold).long()
            meets = first[utterance] + (place + phase[utterance]) // hold
            values += draws.normal((int(holds.sum()), width)).index_select(0, meets)
        return values / octaves**0.5
