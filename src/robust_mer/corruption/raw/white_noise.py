"""White noise at an acoustic SNR in dB."""

import numpy as np

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import AudioKind
from robust_mer.corruption.raw.mix import mix


class WhiteNoise(AudioKind):
    """Noise of equal power at all frequencies."""

    unit = "dB"
    lowest, highest = -40, 60

    def corrupt(self, samples: np.ndarray, rate: int, amount: float, draws: Draws) -> np.ndarray:
        """Speech with the noise: float32 [samples]."""
        return mix(samples, draws.of().standard_normal(len(samples)), rate, amount)
