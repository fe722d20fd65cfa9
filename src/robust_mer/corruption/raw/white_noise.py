"""White noise at an acoustic SNR in dB."""

import numpy as np

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.mix import mix


def corrupt(samples: np.ndarray, rate: int, amount: float, draws: Draws) -> np.ndarray:
    """Speech with noise of equal power at all frequencies: float32 [samples]."""
    return mix(samples, draws.of().standard_normal(len(samples)), rate, amount)
