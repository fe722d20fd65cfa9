"""Fundamental frequency and voicing: summation of residual harmonics."""

import numpy as np
from scipy.signal.windows import blackman

from robust_mer.features.voice.linear_prediction import cut_frames, residual

LOWEST, HIGHEST = 50, 500  # Hz

_FRAME = 0.1  # seconds
_HARMONICS = 5
_ORDER_PER_KHZ = 0.75
_SURE = 0.1  # frames with a larger sum define the range of F0
# An odd multiple of F0 has the same sum if the residual's spectrum is flat. A third, a fifth ... of
# the best is therefore F0 if its sum is nearly as large; otherwise its sum is half at most.
_ODD_MULTIPLES, _NEARLY = (3, 5, 7, 9), 0.75
_VOICED, _VOICED_OF_CLEAR, _CLEAR = 0.07, 0.085, 0.05
# A frame is unvoiced if the root mean square of its middle is below the resolution of 16 bits.
_HEARD, _QUIETEST = 0.025, 1e-5  # seconds; samples
_FRAMES_AT_ONCE = 256


def track_pitch(
    signal: np.ndarray, rate: int, centres: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """F0 and voicing by summation of residual harmonics (SRH).

    Source: T. Drugman and A. Alwan, "Joint robust voicing detection and pitch estimation based on
    residual harmonics", Interspeech 2011, eq. 1; the thresholds are COVAREP's.

    Args:
        signal: Samples.
        rate: Hz.
        centres: Samples in the middle of the frames [T].

    Returns:
        F0 in Hz [T], also of unvoiced frames, and whether a frame is voiced [T].
    """
    spectra = _spectra(residual(signal, rate, round(_ORDER_PER_KHZ * rate / 1000)), rate, centres)
    lowest, highest = LOWEST, HIGHEST
    f0, strength = _best(spectra, lowest, highest)
    sure = strength > _SURE
    if sure.any():
        median = np.median(f0[sure])
        lowest, highest = max(lowest, round(median / 2)), min(highest, round(2 * median))
        f0, strength = _best(spectra, lowest, highest)
    threshold = _VOICED_OF_CLEAR if strength.std() > _CLEAR else _VOICED
    length = round(_HEARD * rate)
    power = np.convolve(signal**2, np.full(length, 1 / length), mode="same")[centres]
    return f0, (strength > threshold) & (power > _QUIETEST**2)


def _spectra(signal: np.ndarray, rate: int, centres: np.ndarray) -> np.ndarray:
    """Amplitude spectra [T, bins of 1 Hz] of unit energy."""
    length = round(_FRAME * rate)
    window = blackman(length, sym=False)
    highest = round((_HARMONICS + 0.5) * HIGHEST) + 1
    spectra = []
    for block in np.array_split(centres, -(-len(centres) // _FRAMES_AT_ONCE)):
        frames = cut_frames(signal, block - length // 2, length) * window
        frames -= frames.mean(axis=1, keepdims=True)
        spectrum = np.abs(np.fft.rfft(frames, rate))
        norm = np.sqrt(np.sum(spectrum**2, axis=1, keepdims=True))
        spectra.append(spectrum[:, : highest + 1] / np.maximum(norm, 1e-300))
    return np.concatenate(spectra)


def _best(spectra: np.ndarray, lowest: int, highest: int) -> tuple[np.ndarray, np.ndarray]:
    """The F0 in Hz with the largest sum, refined by a parabola, and the sum."""
    f = np.arange(lowest, highest + 1)
    total = spectra[:, f].copy()
    for k in range(2, _HARMONICS + 1):
        total += spectra[:, k * f] - spectra[:, np.round((k - 0.5) * f).astype(int)]
    rows, top = np.arange(len(total)), total.argmax(axis=1)
    largest, best = total[rows, top], top
    for multiple in _ODD_MULTIPLES:
        part = np.round(f[top] / multiple).astype(int) - lowest
        is_f0 = (part >= 0) & (total[rows, np.maximum(part, 0)] > _NEARLY * largest)
        best = np.where(is_f0, part, best)
    middle = total[rows, best]
    left = total[rows, np.maximum(best - 1, 0)]
    right = total[rows, np.minimum(best + 1, len(f) - 1)]
    curvature = left - 2 * middle + right
    shift = np.where(curvature < 0, 0.5 * (left - right) / np.minimum(curvature, -1e-300), 0)
    shift[(best == 0) | (best == len(f) - 1)] = 0
    return f[best] + shift, largest
