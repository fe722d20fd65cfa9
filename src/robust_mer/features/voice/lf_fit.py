"""Rd of the LF model from the phases of harmonics."""

from functools import cache

import numpy as np

from robust_mer.features.voice.harmonics import distort, minimum_phase, wrap
from robust_mer.features.voice.lf_model import LFPulse

_RD = np.arange(0.3, 2.501, 0.05)
_HARMONICS = 8  # number that enter the error


def fit_rd(phases: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rd whose pulse best explains the phase distortion of the harmonics.

    Minimises the mean squared phase of second order: the best of a grid, refined by a parabola
    through its neighbours.

    Source: G. Degottex, A. Roebel, X. Rodet, "Phase minimization for glottal model estimation",
    IEEE Trans. Audio, Speech, and Language Processing 19(5), 2011.

    Args:
        phases: Of the source, rad [T, K + 1], of `source_phases`.
        counts: Number of harmonics of each frame, without the 0th [T].

    Returns:
        Rd between 0.3 and 2.5 [T], and the confidence 1 - sqrt(error) / pi [T].
    """
    rd, confidence = np.zeros(len(phases)), np.zeros(len(phases))
    for count in np.unique(counts):
        rows = counts == count
        harmonics = min(count, _HARMONICS)
        distortion = distort(phases[rows, : harmonics + 1])[:, None, 1:]
        error = np.mean(wrap(distortion - _model(int(count))[:, 1:harmonics]) ** 2, axis=2)
        best = error.argmin(axis=1)
        rd[rows] = _between(error, best)
        confidence[rows] = 1 - np.sqrt(error.min(axis=1)) / np.pi
    return rd, confidence


@cache
def _pulses() -> list[LFPulse]:
    return [LFPulse.from_rd(rd) for rd in _RD]


@cache
def _model(count: int) -> np.ndarray:
    """Phase distortion [Rd, harmonics] of pulses without their minimum phase.

    The minimum phase is removed as `source_phases` removes it from the recording.
    """
    harmonics = np.array([pulse.harmonics(np.arange(count + 1)) for pulse in _pulses()])
    phases = np.angle(harmonics) - minimum_phase(np.abs(harmonics))
    phases[:, 0] = 0
    return distort(phases)


def _between(error: np.ndarray, best: np.ndarray) -> np.ndarray:
    rows = np.arange(len(error))
    centre = np.clip(best, 1, len(_RD) - 2)
    left, middle, right = (error[rows, centre + step] for step in (-1, 0, 1))
    curvature = left - 2 * middle + right
    shift = np.where(curvature > 0, (left - right) / 2 / np.maximum(curvature, 1e-300), 0)
    shift = np.where(best == centre, np.clip(shift, -0.5, 0.5), 0)
    return _RD[best] + shift * (_RD[1] - _RD[0])
