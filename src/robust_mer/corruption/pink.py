"""Pink noise: power falls with frequency as 1/f along time, in every dimension on its own.

The sum of processes that hold a Gaussian value for 1, 2, 4, ... frames each, as Voss proposed
(M. Gardner, White and brown music, fractal curves and one-over-f fluctuations, Scientific American
238(4), 1978). It is stationary, since the first hold of an utterance begins at a random place,
and any length can be drawn.
"""

import numpy as np
from torch import Tensor

from robust_mer.corruption.draws import Draws, send

SETTINGS = {
    # how many octaves follow 1/f; below 1 / 2^octaves of the frame rate the spectrum is flat
    "octaves": 8,
}

LIMITS = {"octaves": (1, 16)}


def draw(shape: tuple[int, int], draws: Draws, lengths: np.ndarray, octaves: int) -> Tensor:
    """Noise [frames, D] of utterances that follow one another, power 1 and Gaussian."""
    values = draws.normal(shape)
    device, width = values.device, shape[1]
    begin = lengths.cumsum() - lengths
    utterance = send(np.repeat(np.arange(len(lengths)), lengths), device)
    place = send(np.arange(shape[0]) - np.repeat(begin, lengths), device)
    for octave in range(1, octaves):
        held = 2**octave
        # so many values an utterance can meet, wherever its first hold begins
        values_held = (lengths + held - 2) // held + 1
        first = send(values_held.cumsum() - values_held, device)
        phase = (draws.uniform((len(lengths),)) * held).long()
        meets = first[utterance] + (place + phase[utterance]) // held
        values += draws.normal((int(values_held.sum()), width)).index_select(0, meets)
    return values / octaves**0.5
