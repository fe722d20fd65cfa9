"""Clipping: an input that is turned up too far."""

import numpy as np

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import AudioKind


class Clip(AudioKind):
    """As if an amplifier had been turned up and the level restored after it."""

    unit = "%"
    lowest, highest = 0, 99

    def corrupt(self, samples: np.ndarray, rate: int, amount: float, draws: Draws) -> np.ndarray:
        """Speech whose loudest ``amount`` percent of samples are cut to one height: [samples]."""
        height = np.quantile(np.abs(samples), 1 - amount / 100)
        return np.clip(samples, -height, height).astype(np.float32)
