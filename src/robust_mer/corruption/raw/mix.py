"""Adding noise to speech at an acoustic SNR."""

import numpy as np

from robust_mer.errors import UtteranceError

_FRAME = 0.01  # seconds
_QUIET_DB = 40.0  # a frame that is this much quieter than the loudest one is a pause


def mix(speech: np.ndarray, noise: np.ndarray, rate: int, snr_db: float) -> np.ndarray:
    """Speech with noise at an SNR over the samples with speech: float32 [samples].

    Pauses do not count, as in ITU-T P.56's active speech level, so that an SNR means the same
    disturbance however long the pauses are. A sum that would exceed -1..1 is scaled down as a
    whole. An utterance of silence has no level and is returned unchanged.

    Args:
        speech: float32 [samples].
        noise: [samples], of any level.
        rate: In Hz.
        snr_db: 10 log10(speech power / noise power) over the samples with speech.

    Raises:
        UtteranceError: the noise is silent while somebody speaks.
    """
    active = speaking(speech, rate)
    power = np.mean(speech[active].astype(np.float64) ** 2) if active.any() else 0.0
    if not power:
        return speech
    disturbance = np.mean(noise[active].astype(np.float64) ** 2)
    if not disturbance:
        raise UtteranceError("the noise is silent while somebody speaks")
    gain = np.sqrt(power / disturbance / 10 ** (snr_db / 10))
    mixed = speech + gain * noise
    return (mixed / max(1.0, np.abs(mixed).max())).astype(np.float32)


def speaking(speech: np.ndarray, rate: int) -> np.ndarray:
    """Which samples contain speech: bool [samples], by the energy of frames of 10 ms."""
    size = round(_FRAME * rate)
    frames = np.pad(speech.astype(np.float64), (0, -len(speech) % size)).reshape(-1, size)
    energy = np.mean(frames**2, axis=1)
    loud = (energy > 0) & (energy >= energy.max(initial=0.0) * 10 ** (-_QUIET_DB / 10))
    return np.repeat(loud, size)[: len(speech)]
