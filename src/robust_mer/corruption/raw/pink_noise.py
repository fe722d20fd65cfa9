"""Pink noise at an acoustic SNR in dB."""

import numpy as np

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import AudioKind
from robust_mer.corruption.raw.mix import mix

_LOWEST = 20.0  # Hz; below, which is inaudible, the power would grow without limit


class PinkNoise(AudioKind):
    """Noise whose power falls by 3 dB an octave (1/f)."""

    unit = "dB"
    lowest, highest = -40, 60

    def corrupt(self, samples: np.ndarray, rate: int, amount: float, draws: Draws) -> np.ndarray:
        """Speech with the noise: float32 [samples]."""
        white = np.fft.rfft(draws.of().standard_normal(len(samples)))
        frequency = np.fft.rfftfreq(len(samples), 1 / rate)
        pink = white / np.sqrt(np.maximum(frequency, _LOWEST))
        pink[0] = 0.0
        return mix(samples, np.fft.irfft(pink, len(samples)), rate, amount)
