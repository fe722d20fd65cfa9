"""Parameters from a wavelet decomposition: peakSlope and the maxima dispersion quotient."""

import numpy as np
from scipy.ndimage import maximum_filter1d
from scipy.signal import oaconvolve

_SLOPE_SCALES, _DISPERSION_SCALES = range(7), range(2, 7)  # octaves below half the rate
_FRAME = 0.04  # seconds
_SEARCHED = 0.2  # fraction of a period, on both sides of a closure
_REACH = 5  # widths of the wavelet's bell
_QUIETEST = 1e-12


def peak_slope(signal: np.ndarray, rate: int, centres: np.ndarray) -> np.ndarray:
    """Slope [T] of log10 of the largest wavelet response of frames of 40 ms, per octave upwards.

    Seven octaves, at 16 kHz from 125 Hz to 8 kHz. 0 for a frame of silence.

    Source: J. Kane and C. Gobl, "Identifying regions of non-modal phonation using features of the
    wavelet transform", Interspeech 2011.
    """
    length = round(_FRAME * rate)
    peaks = [
        maximum_filter1d(np.abs(_decompose(signal, scale)), length, mode="constant")[centres]
        for scale in reversed(_SLOPE_SCALES)
    ]
    level = np.log10(np.maximum(peaks, _QUIETEST))
    octave = np.arange(len(level)) - (len(level) - 1) / 2
    return octave @ level / (octave @ octave)


def maxima_dispersion(error: np.ndarray, closures: np.ndarray) -> np.ndarray:
    """Maxima dispersion quotient of the cycles that end in ``closures[1:]``: [C - 1].

    The distance, in periods, of the largest responses to the residual in five octaves from the
    closure. It grows with Rd. It is not 0 for a pulse, because the wavelet is negative in its
    middle.

    Source: J. Kane and C. Gobl, "Wavelet maxima dispersion for breathy to tense voice
    discrimination", IEEE Trans. Audio, Speech, and Language Processing 21(6), 2013.

    Args:
        error: Residual of a linear prediction [samples].
        closures: Instants of glottal closure, samples.
    """
    period = np.diff(closures)
    reach = np.round(_SEARCHED * period).astype(int)
    step = np.arange(-reach.max(initial=0), reach.max(initial=0) + 1)
    place = np.clip(closures[1:, None] + step, 0, len(error) - 1)
    is_outside = np.abs(step) > reach[:, None]
    distance = [
        np.abs(step[np.where(is_outside, -np.inf, _decompose(error, scale)[place]).argmax(axis=1)])
        for scale in _DISPERSION_SCALES
    ]
    return np.mean(distance, axis=0) / period


def _decompose(signal: np.ndarray, scale: int) -> np.ndarray:
    """Response to a negative cosine of half the rate in a bell, both stretched by 2^scale.

    Source: C. d'Alessandro and N. Sturmel, "Glottal closure instant and voice source analysis
    using time-scale lines of maximum amplitude", Sadhana 36(5), 2011.
    """
    wide = 2**scale
    t = np.arange(-_REACH * wide, _REACH * wide + 1) / wide
    return oaconvolve(signal, -np.cos(np.pi * t) * np.exp(-(t**2) / 2), mode="same")
