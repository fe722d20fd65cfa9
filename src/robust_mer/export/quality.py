"""How good a recording's sound is, without a clean version of it."""

from functools import cache

import numpy as np
from scipy.special import gammaincinv, ndtri

_SHAPE = 0.4  # of the gamma distribution of clean speech's amplitude
HIGHEST = 20.0
"""dB up to which an estimate says something: real speech leaves the assumption above that."""
_SNRS = np.arange(-20.0, HIGHEST + 1, 2.5)  # dB
_GRID = 400
_SMALLEST = 1e-10


def estimate_snr(signal: np.ndarray) -> float | None:
    """Signal-to-noise ratio of speech in steady noise, in dB; None of silence.

    Limited to -20 and `HIGHEST`, which mean "or less" and "or more".

    Speech has many small and few large amplitudes, noise has them closer together: the difference
    of the logarithm of the mean amplitude and the mean logarithm tells their mixture.

    Source: C. Kim and R. M. Stern, "Robust signal-to-noise ratio estimation based on waveform
    amplitude distribution analysis", Interspeech 2008 (WADA-SNR). It assumes Gaussian noise and
    speech whose amplitude is gamma distributed with shape 0.4; music, echo and other voices break
    that.

    Args:
        signal: float [samples].
    """
    size = np.abs(signal.astype(np.float64))
    if not size.any():
        return None
    size = np.maximum(size / size.max(), _SMALLEST)
    statistic = np.log(size.mean()) - np.log(size).mean()
    return float(np.interp(statistic, _statistics(), _SNRS))


@cache
def _statistics() -> np.ndarray:
    """The statistic at each of ``_SNRS``, by quadrature over both distributions."""
    middle = (np.arange(_GRID) + 0.5) / _GRID
    speech = gammaincinv(_SHAPE, middle)
    speech /= np.sqrt(np.mean(speech**2))
    noise = ndtri(middle)
    found = []
    for snr in _SNRS:
        size = np.abs(speech[:, None] + 10 ** (-snr / 20) * noise)
        size = np.maximum(size, _SMALLEST)
        found.append(np.log(size.mean()) - np.log(size).mean())
    return np.maximum.accumulate(found)
