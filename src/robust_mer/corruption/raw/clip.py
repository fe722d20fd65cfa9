"""Clipping: an input that is turned up too far."""

import numpy as np

from robust_mer.corruption.raw.draws import Draws


def corrupt(samples: np.ndarray, rate: int, amount: float, draws: Draws) -> np.ndarray:
    """Speech whose loudest ``amount`` percent of samples are cut to one height: float32 [samples].

    As if an amplifier had been turned up and the level restored behind it.
    """
    height = np.quantile(np.abs(samples), 1 - amount / 100)
    return np.clip(samples, -height, height).astype(np.float32)
