"""Reverberation of a room with a given reverberation time RT60 in milliseconds."""

import numpy as np
from scipy.signal import fftconvolve

from robust_mer.corruption.raw.draws import Draws

SETTINGS = {
    # Energy of the direct sound over that of all that comes later, in dB; it falls with the
    # distance to the microphone.
    "direct_to_reverberant_db": 0.0,
}

LIMITS = {"direct_to_reverberant_db": (-40, 40)}


def corrupt(
    samples: np.ndarray,
    rate: int,
    amount: float,
    draws: Draws,
    direct_to_reverberant_db: float,
) -> np.ndarray:
    """Speech in a room, as loud as before, its direct sound where it was: float32 [samples]."""
    response = impulse_response(rate, amount / 1000, draws, direct_to_reverberant_db)
    if len(response) == 1 or not samples.any():
        return samples
    heard = fftconvolve(samples.astype(np.float64), response)[: len(samples)]
    heard *= np.sqrt(np.sum(samples.astype(np.float64) ** 2) / np.sum(heard**2))
    return (heard / max(1.0, np.abs(heard).max())).astype(np.float32)


def impulse_response(
    rate: int, rt60: float, draws: Draws, direct_to_reverberant_db: float
) -> np.ndarray:
    """A pulse and behind it noise that decays by 60 dB in ``rt60`` seconds: [1 + rate * rt60].

    Source: J.-D. Polack, "La transmission de l'énergie sonore dans les salles", thesis, Le Mans,
    1988: the late response of a room as noise with an exponential envelope.
    """
    seconds = np.arange(1, 1 + round(rate * rt60)) / rate
    if not len(seconds):
        return np.ones(1)
    tail = draws.of().standard_normal(len(seconds)) * 10 ** (-3 * seconds / rt60)
    tail *= np.sqrt(10 ** (-direct_to_reverberant_db / 10) / np.sum(tail**2))
    return np.concatenate([[1.0], tail])
