"""Harmonic model phase distortion: its mean and its deviation over time, compressed."""

import numpy as np
from scipy.ndimage import convolve1d, median_filter, uniform_filter1d
from scipy.signal.windows import hann

from robust_mer.features.voice.envelope import warped_cepstrum
from robust_mer.features.voice.harmonics import distort, wrap

_POINTS = 513  # of the frequency scale from 0 to half the rate
_MEAN_FRAMES, _DEVIATION_FRAMES = 25, 9
_LINEAR, _MEANS = 8, 25  # coefficients of the mean: one per point, and in all
_DEVIATIONS = 13
_LEAST = 1e-3  # rad; lower limit of a deviation, for its logarithm


def phase_distortion(
    phases: np.ndarray, counts: np.ndarray, rate: int, f0: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean (HMPDM) [T, 25], rad, and deviation (HMPDD) [T, 13] of the phase distortion.

    The mean is at COVAREP's 25 places: the first 8 of 513 points from 0 to half the rate, the
    others in bands of growing width. The deviation, in rad, is a cepstrum on the mel scale.

    Source: G. Degottex and D. Erro, "A uniform phase representation for the harmonic model in
    speech synthesis applications", EURASIP J. Audio, Speech, and Music Processing 2014:38.

    Args:
        phases: Of the source, rad [T, K + 1], of `source_phases`.
        counts: Number of harmonics of each frame, without the 0th [T].
        rate: Hz.
        f0: Hz [T].
    """
    points = _on_hertz(phases, counts, rate, f0)
    mean = _smooth(np.exp(1j * points), _MEAN_FRAMES)
    bands = _bands()
    unit = np.exp(1j * np.angle(mean))
    means = np.stack([np.angle(unit[:, bands == b].mean(axis=1)) for b in range(1, _MEANS + 1)], 1)
    detrended = points - _trend(points)
    length = np.minimum(np.abs(_smooth(np.exp(1j * detrended), _DEVIATION_FRAMES)), 1)
    deviation = np.sqrt(-2 * np.log(np.maximum(length, 1e-12)))
    deviation[:, 0] = deviation[:, 1]
    level = np.log(np.maximum(deviation, _LEAST))
    return means, warped_cepstrum(level, rate, _DEVIATIONS - 1)


def _on_hertz(phases: np.ndarray, counts: np.ndarray, rate: int, f0: np.ndarray) -> np.ndarray:
    """The distortion at points from 0 to half the rate, constant after the last harmonic."""
    distorted = np.unwrap(wrap(distort(phases)), axis=1)
    frequency = np.linspace(0, rate / 2, _POINTS)
    points = np.zeros((len(phases), _POINTS))
    for t, (row, count) in enumerate(zip(distorted, counts, strict=True)):
        points[t] = np.interp(frequency / f0[t], np.arange(count), row[:count])
    return points


def _smooth(values: np.ndarray, frames: int) -> np.ndarray:
    """A mean over ``frames`` frames, forwards and backwards."""
    for _ in range(2):
        values = uniform_filter1d(values.real, frames, axis=0, mode="nearest") + 1j * (
            uniform_filter1d(values.imag, frames, axis=0, mode="nearest")
        )
    return values


def _trend(points: np.ndarray) -> np.ndarray:
    window = hann(_DEVIATION_FRAMES)
    window /= window.sum()
    parts = []
    for part in (np.cos(points), np.sin(points)):
        part = median_filter(part, (_DEVIATION_FRAMES, 1), mode="nearest")
        for _ in range(2):
            part = convolve1d(part, window, axis=0, mode="nearest")
        parts.append(part)
    return np.arctan2(parts[1], parts[0])


def _bands() -> np.ndarray:
    """The coefficient of each point, from 1: [513].

    Linear to the 8th point, from there a quadratic Bezier curve over (8, 8), (25, 25), (512, 25).
    """
    t = np.linspace(0, 1, 10_001)
    last = _POINTS - 1
    along = (1 - t) ** 2 * _LINEAR + 2 * t * (1 - t) * _MEANS + t**2 * last
    band = (1 - t) ** 2 * _LINEAR + 2 * t * (1 - t) * _MEANS + t**2 * _MEANS
    point = np.arange(1, _POINTS + 1)
    bands = np.where(point <= _LINEAR, point, np.interp(point, along, band))
    return np.round(bands).astype(int)
