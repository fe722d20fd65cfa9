"""The spectral envelope and its cepstrum on the mel scale."""

import numpy as np
from scipy.fft import dct

from robust_mer.features.voice.harmonics import SIZE

_STEP = 4  # points of a spectrum per point that is used
_CLOSE = np.log(10) / 10  # 2 dB in the logarithm of an amplitude
_MOST_STEPS = 100
_QUIETEST = 1e-7


def true_envelope(spectra: np.ndarray, rate: int, f0: np.ndarray) -> np.ndarray:
    """Logarithm of the amplitude of an envelope above all harmonics: [T, 513].

    Smooths the cepstrum to the order that F0 allows and raises the spectrum to the smoothed one
    where that is higher, until no point of the spectrum is more than 2 dB above it.

    Source: A. Roebel and X. Rodet, "Efficient spectral envelope estimation and its application to
    pitch shifting and envelope preservation", DAFx 2005; its order: A. Roebel, F. Villavicencio,
    X. Rodet, "On cepstral and all-pole based spectral envelope modeling with unknown model order",
    Pattern Recognition Letters 28(11), 2007.

    Args:
        spectra: Complex [T, points], of `harmonics.analyse`.
        rate: Hz.
        f0: Hz [T].
    """
    level = np.log(np.maximum(np.abs(spectra[:, ::_STEP]), _QUIETEST))
    points = level.shape[1]
    first = np.round(f0 * (SIZE / _STEP) / rate).astype(int)
    below = np.arange(points) < first[:, None]
    level = np.where(below, level[np.arange(len(level)), first][:, None], level)
    order = np.round(1.2 * np.round(0.5 * rate / f0))[:, None]
    n = np.arange(points)
    window = np.where(n <= order, 0.54 + 0.46 * np.cos(np.pi * n / order), 0)
    envelope = np.empty_like(level)
    active = np.arange(len(level))
    target, cepstrum = level.copy(), np.zeros_like(level)
    for step in range(_MOST_STEPS):
        spectral = dct(target, type=1) / (2 * (points - 1))
        lifter = window[active]
        inner = np.sum(np.where(lifter > 0, spectral, 0) ** 2, axis=1)
        total = np.sum(spectral**2, axis=1)
        gain = np.sqrt(total / np.maximum(inner, 1e-300))[:, None]
        cepstrum += gain * lifter * (np.where(lifter > 0, spectral, 0) - cepstrum)
        smooth = dct(cepstrum, type=1)
        is_done = (level[active] - smooth).max(axis=1) <= _CLOSE
        if step == _MOST_STEPS - 1:
            is_done[:] = True
        envelope[active[is_done]] = smooth[is_done]
        active = active[~is_done]
        if not len(active):
            break
        target = np.maximum(target, smooth)[~is_done]
        cepstrum = cepstrum[~is_done]
    return envelope


def warped_cepstrum(level: np.ndarray, rate: int, order: int) -> np.ndarray:
    """Cepstrum [T, order + 1] on the mel scale of logarithms at points from 0 to half the rate.

    The 0th coefficient is the mean over mels, the others the amplitudes of cosines.

    Source: mel = 2595 log10(1 + f / 700), D. O'Shaughnessy, "Speech communication", 1987.
    """
    points = level.shape[1]
    mel = np.linspace(0, np.log1p(rate / 2 / 700), points)
    place = 700 * np.expm1(mel) / (rate / 2) * (points - 1)
    lower = np.minimum(place.astype(int), points - 2)
    share = place - lower
    warped = level[:, lower] * (1 - share) + level[:, lower + 1] * share
    cepstrum = dct(warped, type=1)[:, : order + 1] / (2 * (points - 1))
    cepstrum[:, 1:] *= 2
    return cepstrum
