"""Reverberation of a room with a given reverberation time RT60 in milliseconds."""

from typing import Annotated

import numpy as np
from pydantic import Field

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import AudioKind
from robust_mer.settings import Settings


class ReverbSettings(Settings):
    """Settings of `Reverb`."""

    direct_to_reverberant_db: Annotated[float, Field(ge=-40, le=40)] = 0.0
    """Energy of the direct sound over that of all later sound, in dB; it falls with the distance to
    the microphone."""


class Reverb(AudioKind):
    """Speech in a room, with unchanged loudness and delay."""

    settings_class = ReverbSettings
    settings: ReverbSettings
    unit = "ms"
    lowest, highest = 0, 10_000

    def corrupt(self, samples: np.ndarray, rate: int, amount: float, draws: Draws) -> np.ndarray:
        """The recorded speech: float32 [samples]."""
        from scipy.signal import fftconvolve

        ratio = self.settings.direct_to_reverberant_db
        response = impulse_response(rate, amount / 1000, draws, ratio)
        if len(response) == 1 or not samples.any():
            return samples
        received = fftconvolve(samples.astype(np.float64), response)[: len(samples)]
        received *= np.sqrt(np.sum(samples.astype(np.float64) ** 2) / np.sum(received**2))
        return (received / max(1.0, np.abs(received).max())).astype(np.float32)


def impulse_response(
    rate: int, rt60: float, draws: Draws, direct_to_reverberant_db: float
) -> np.ndarray:
    """A pulse, then noise that decays by 60 dB in ``rt60`` seconds: [1 + rate * rt60].

    Source: J.-D. Polack, "La transmission de l'énergie sonore dans les salles", thesis, Le Mans,
    1988: the late response of a room as noise with an exponential envelope.
    """
    seconds = np.arange(1, 1 + round(rate * rt60)) / rate
    if not len(seconds):
        return np.ones(1)
    tail = draws.of().standard_normal(len(seconds)) * 10 ** (-3 * seconds / rt60)
    tail *= np.sqrt(10 ** (-direct_to_reverberant_db / 10) / np.sum(tail**2))
    return np.concatenate([[1.0], tail])
