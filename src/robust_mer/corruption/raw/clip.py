"""Clipping, as of an input with too much gain."""

import numpy as np

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import AudioKind


class Clip(AudioKind):
    """Clips the loudest samples at constant gain."""

    unit = "%"
    lowest, highest = 0, 99

    def corrupt(self, samples: np.ndarray, rate: int, amount: float, draws: Draws) -> np.ndarray:
        """Speech with the loudest ``amount`` percent of samples clipped: float32 [samples]."""
        height = np.quantile(np.abs(samples), 1 - amount / 100)
        return np.clip(samples, -height, height).astype(np.float32)
