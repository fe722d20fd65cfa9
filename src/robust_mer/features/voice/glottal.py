"""The glottal source: polarity, closures, inverse filtering, parameters of its cycles."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, fftconvolve, firwin, lfilter, sosfiltfilt
from scipy.signal.windows import blackman, hann

from robust_mer.features.voice.harmonics import analyse, take_harmonics
from robust_mer.features.voice.linear_prediction import (
    cut_frames,
    filter_frames,
    overlap_add,
    predict,
    residual,
)

_STRONG = 0.4  # of the residual's largest value: samples that indicate closures
_SEARCHED = 0.35  # on both sides of that place, as a fraction of the mean signal's rise
_FRAME, _HOP = 0.032, 0.008  # seconds
_SOURCE_PER_KHZ = 0.25  # order of the prediction of the source
_LEAK = 0.99  # of the integration that undoes the lips' radiation
_FLOW_LEAK = 0.999
_POINTS = 256  # of a cycle
_PERIODS = 16  # length to which a cycle is padded for its spectrum
_MISFIT = 0.01  # of the parabola, as a fraction of the spectrum's energy


def residual_order(rate: int) -> int:
    """The order of linear prediction for a vocal tract."""
    return round(rate / 1000) + 2


def find_polarity(signal: np.ndarray, rate: int) -> int:
    """-1 if the recording has inverted polarity, else 1.

    The residual is more skewed towards closures than one whose prediction ignores low frequencies.

    Source: T. Drugman, "Residual excitation skewness for automatic speech polarity detection",
    IEEE Signal Processing Letters 20(4), 2013.
    """
    high = sosfiltfilt(butter(8, 480, "high", fs=rate, output="sos"), signal)
    order = residual_order(rate)
    plain = residual(signal, rate, order)
    high_passed = residual(signal, rate, order, predicted_from=high)
    return -1 if _skewness(plain) < _skewness(high_passed) else 1


def find_closures(signal: np.ndarray, error: np.ndarray, rate: int, f0: float) -> np.ndarray:
    """Instants of glottal closure, samples, by SEDREAMS: one in every cycle of the mean signal.

    Source: T. Drugman et al., "Detection of glottal closure instants from speech signals: a
    quantitative review", IEEE Trans. Audio, Speech, and Language Processing 20(3), 2012.

    Args:
        signal: Samples with the polarity of `find_polarity`.
        error: Its residual of linear prediction.
        rate: Hz.
        f0: The voice's usual F0, Hz.
    """
    window = blackman(2 * round(0.85 * rate / f0) + 1)
    mean = fftconvolve(signal, window / len(window), mode="same")
    mean = sosfiltfilt(butter(3, 40, "high", fs=rate, output="sos"), mean)
    previous, current, following = mean[:-2], mean[1:-1], mean[2:]
    maxima = np.flatnonzero((current > previous) & (current >= following)) + 1
    minima = np.flatnonzero((current < previous) & (current <= following)) + 1
    next_maximum = np.searchsorted(maxima, minima)
    minima, next_maximum = (array[next_maximum < len(maxima)] for array in (minima, next_maximum))
    if not len(minima) or error.max() <= 0:
        return np.zeros(0, int)
    rise = maxima[next_maximum] - minima
    strong = np.flatnonzero(error > _STRONG * error.max())
    nearest = np.searchsorted((minima[1:] + minima[:-1]) / 2, strong)
    usual = np.median((strong - minima[nearest]) / rise[nearest])
    first = np.round(minima + (usual - _SEARCHED) * rise).astype(int)
    count = np.round(2 * _SEARCHED * rise).astype(int)
    place = first[:, None] + np.arange(count.max() + 1)
    is_searched = (place - first[:, None] <= count[:, None]) & (place >= 0) & (place < len(error))
    searched = np.where(is_searched, error[np.clip(place, 0, len(error) - 1)], -np.inf)
    best = searched.argmax(axis=1)
    return np.unique((first + best)[is_searched.any(axis=1)])


def inverse_filter(signal: np.ndarray, rate: int) -> np.ndarray:
    """The derivative of the glottal flow [samples], by iterative adaptive inverse filtering.

    In frames of 32 ms, whose results are overlapped and added.

    Source: P. Alku, "Glottal wave analysis with pitch synchronous iterative adaptive inverse
    filtering", Speech Communication 11, 1992.

    Args:
        signal: Samples with the polarity of `find_polarity`.
        rate: Hz.
    """
    low = firwin(2 * round(0.02 * rate) + 1, 60, fs=rate, pass_zero=False)
    signal = fftconvolve(signal, low, mode="same")
    length, hop = round(_FRAME * rate), round(_HOP * rate)
    window = hann(length, sym=False)
    tract, source = residual_order(rate), round(_SOURCE_PER_KHZ * rate / 1000)
    lead = tract + source  # samples before a frame that its filters use
    starts = np.arange(-length + hop, len(signal), hop)
    frames = cut_frames(signal, starts - lead, lead + length)

    def predicted(signals: np.ndarray, order: int) -> np.ndarray:
        return predict(signals[:, lead:] * window, order)

    def integrated(signals: np.ndarray) -> np.ndarray:
        return lfilter([1], [1, -_LEAK], signals, axis=1)

    tilt = predicted(frames, 1)
    first_tract = predicted(filter_frames(tilt, frames), tract)
    flow = integrated(filter_frames(first_tract, frames))
    of_source = predicted(flow, source)
    of_tract = predicted(integrated(filter_frames(of_source, frames)), tract)
    derivative = filter_frames(of_tract, frames)[:, lead:] * window
    return overlap_add(derivative, starts, len(signal)) * (2 * hop / length)


@dataclass(frozen=True)
class Cycles:
    """Parameters of C glottal cycles, each [C]."""

    middle: np.ndarray  # samples
    naq: np.ndarray  # normalised amplitude quotient
    qoq: np.ndarray  # quasi-open quotient
    h1h2: np.ndarray  # first over second harmonic of the flow's derivative, dB
    psp: np.ndarray  # parabolic spectral parameter


def measure_cycles(
    derivative: np.ndarray, closures: np.ndarray, rate: int, f0: np.ndarray
) -> Cycles:
    """Parameters of the cycles between neighbouring closures.

    A cycle's flow is the integral of the derivative, made periodic by subtracting a line. NAQ is
    its height over the derivative's negative peak and the period; QOQ is the fraction of the period
    in which it is above half of its height.

    Source: NAQ: P. Alku, T. Backstrom, E. Vilkman, "Normalized amplitude quotient for
    parametrization of the glottal flow", JASA 112(2), 2002. QOQ: T. Hacki, "Klassifizierung von
    Glottisdysfunktionen mit Hilfe der Elektroglottographie", Folia Phoniatrica 41, 1989. PSP:
    P. Alku, H. Strik, E. Vilkman, "Parabolic spectral parameter: a new method for quantification
    of the glottal flow", Speech Communication 22, 1997.

    Args:
        derivative: Of the glottal flow [samples].
        closures: Instants of glottal closure [C + 1], samples.
        rate: Hz.
        f0: Of each cycle, Hz [C].
    """
    flow = lfilter([1], [1, -_FLOW_LEAK], derivative)
    start, period = closures[:-1], np.diff(closures)
    share = np.arange(_POINTS) / _POINTS
    place = start[:, None] + share * period[:, None]
    samples = np.arange(len(flow))
    cycle = np.interp(place, samples, flow)
    cycle -= share * (flow[closures[1:]] - flow[start])[:, None]
    cycle -= cycle.min(axis=1, keepdims=True)
    height = np.maximum(cycle.max(axis=1), 1e-300)
    cycle /= height[:, None]
    steepest = -np.interp(place, samples, derivative).min(axis=1)
    from_top = _turned(cycle, cycle.argmax(axis=1))
    below = from_top < 0.5
    opened = below.argmax(axis=1) + below[:, ::-1].argmax(axis=1)
    middle = (closures[:-1] + closures[1:]) // 2
    harmonics = np.empty((len(period), 3))
    for block, spectra in analyse(derivative, rate, middle, f0):
        harmonics[block] = np.abs(take_harmonics(spectra, rate, f0[block], 2))
    harmonics = np.maximum(harmonics, 1e-300)
    return Cycles(
        middle,
        naq=height / np.maximum(steepest, 1e-300) / period,
        qoq=opened / _POINTS,
        h1h2=20 * np.log10(harmonics[:, 1] / harmonics[:, 2]),
        psp=_parabola(_turned(cycle, cycle.argmin(axis=1))) / _parabola(_STEADY)[0],
    )


# The flow with the steepest spectrum, which never closes.
_STEADY = np.full((1, _POINTS), 1 / _POINTS)


def _parabola(cycles: np.ndarray) -> np.ndarray:
    """Curvature of a k^2 + b, fitted to as much of the spectrum in dB as it matches: [C]."""
    spectrum = np.abs(np.fft.rfft(cycles, _PERIODS * _POINTS))
    level = 20 * np.log10(np.maximum(spectrum[:, : _PERIODS * 8], 1e-12))
    k2 = np.arange(level.shape[1]) ** 2.0
    n = np.arange(1, level.shape[1] + 1)

    def total(values: np.ndarray) -> np.ndarray:
        return np.cumsum(values, axis=-1)

    spread = total(k2**2) - total(k2) ** 2 / n
    common = total(level * k2) - total(level) * total(k2) / n
    energy = total(level**2)
    curvature = common[:, 2:] / spread[2:]
    misfit = (energy - total(level) ** 2 / n)[:, 2:] - curvature * common[:, 2:]
    too_far = misfit >= _MISFIT * energy[:, 2:]
    too_far[:, -1] = True
    return curvature[np.arange(len(cycles)), too_far.argmax(axis=1)]


def _turned(cycles: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Every cycle rotated to start at point ``first``."""
    return np.take_along_axis(cycles, (np.arange(_POINTS) + first[:, None]) % _POINTS, axis=1)


def _skewness(values: np.ndarray) -> float:
    values = values - values.mean()
    return float(np.mean(values**3) / max(np.mean(values**2) ** 1.5, 1e-300))
