"""Voices with known glottal parameters: LF pulses through formants, sampled from the formulas.

Written from the papers and not from the package: pulses are sampled along time here, while the
package knows their spectrum in closed form.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.signal import lfilter, resample_poly

RATE = 16_000  # Hz
_OVER = 8  # oversampling, because LF pulses have a corner at the closure of the glottis

# Formants in Hz: G. E. Peterson and H. L. Barney, JASA 1952 (men), with usual ones above.
VOWELS = {
    "a": (730, 1090, 2440, 3500, 4500, 5500, 6500, 7500),
    "e": (530, 1840, 2480, 3500, 4500, 5500, 6500, 7500),
    "i": (270, 2290, 3010, 3600, 4500, 5500, 6500, 7500),
    "u": (300, 870, 2240, 3400, 4500, 5500, 6500, 7500),
    "schwa": (500, 1500, 2500, 3500, 4500, 5500, 6500, 7500),
}
_BANDWIDTHS = (80, 90, 120, 150, 200, 250, 300, 350)  # Hz


@dataclass(frozen=True)
class Pulse:
    """One period of the LF model with T0 = 1 and Ee = 1.

    Source: G. Fant, J. Liljencrants, Q. Lin, "A four-parameter model of glottal flow", STL-QPSR
    4/1985; its parameters from Rd: G. Fant, "The LF-model revisited", STL-QPSR
    2-3/1995.
    """

    tp: float
    te: float
    ta: float
    alpha: float
    epsilon: float

    @classmethod
    def from_rd(cls, rd: float) -> "Pulse":
        ra = (-1 + 4.8 * rd) / 100
        rk = (22.4 + 11.8 * rd) / 100
        half = 0.5 + 1.2 * rk
        rg = rk * half / (4 * (0.11 * rd - ra * half))  # from Rd = half (Rk / 4Rg + Ra) / 0.11
        tp = 1 / (2 * rg)
        te = tp * (1 + rk)
        epsilon = brentq(lambda e: e * ra - 1 + np.exp(-e * (1 - te)), 1e-3 / ra, 1.01 / ra)

        def flow_at_the_end(alpha: float) -> float:
            return cls(tp, te, ra, alpha, epsilon).flow(np.array([1.0]), 20_000)[0]

        return cls(tp, te, ra, brentq(flow_at_the_end, -50, 100, xtol=1e-6), epsilon)

    def derivative(self, t: np.ndarray) -> np.ndarray:
        """Derivative of the flow at times 0 to 1."""
        omega = np.pi / self.tp
        e0 = -1 / (np.exp(self.alpha * self.te) * np.sin(omega * self.te))
        opened = e0 * np.exp(self.alpha * t) * np.sin(omega * t)
        end = np.exp(-self.epsilon * (1 - self.te))
        closing = -(np.exp(-self.epsilon * (t - self.te)) - end) / (self.epsilon * self.ta)
        return np.where(t <= self.te, opened, closing)

    def flow(self, t: np.ndarray, points: int = 20_000) -> np.ndarray:
        """The flow at times 0 to 1, integrated numerically."""
        fine = (np.arange(points) + 0.5) / points
        total = np.concatenate([[0], np.cumsum(self.derivative(fine)) / points])
        return np.interp(t, np.arange(points + 1) / points, total)

    def naq(self) -> float:
        """Normalised amplitude quotient: the flow's height over Ee T0."""
        return float(self.flow(np.linspace(0, 1, 20_001)).max())

    def qoq(self) -> float:
        """Quasi-open quotient: share of the period with more than half of the flow's height."""
        flow = self.flow(np.linspace(0, 1, 20_001))
        return float((flow > flow.max() / 2).mean())

    def h1h2(self) -> float:
        """First over second harmonic of the flow's derivative, dB."""
        t = np.arange(20_000) / 20_000
        spectrum = np.abs(np.fft.rfft(self.derivative(t)))
        return float(20 * np.log10(spectrum[1] / spectrum[2]))

    def psp(self) -> float:
        """Parabolic spectral parameter of the flow: P. Alku et al., Speech Communication 22, 1997.

        The flow is between 0 and 1 at 256 points and begins at 0; its spectrum in dB has
        16 points per harmonic. The parabola fits while its error is below 1 % of the energy.
        """
        flow = self.flow(np.arange(256) / 256)
        flow = np.roll(flow, -int(flow.argmin()))
        flow = (flow - flow.min()) / (flow.max() - flow.min())
        return _curvature(flow) / _curvature(np.full(256, 1 / 256))


def _curvature(cycle: np.ndarray) -> float:
    level = 20 * np.log10(np.abs(np.fft.rfft(cycle, 4096))[:128] + 1e-12)
    for n in range(3, 129):
        k2 = np.arange(n) ** 2
        (a, _), (missed, *_), *_ = np.polyfit(k2, level[:n], 1, full=True)
        if missed >= 0.01 * np.sum(level[:n] ** 2):
            return a
    return a


def source(rd: float, f0: float | np.ndarray, seconds: float) -> np.ndarray:
    """The derivative of the flow of a voice with that Rd and F0 (Hz, a number or one a sample)."""
    pulse = Pulse.from_rd(rd)
    count = round(seconds * RATE)
    f0 = np.broadcast_to(np.asarray(f0, float), count)
    fine = np.interp(np.arange(count * _OVER) / _OVER, np.arange(count), f0)
    phase = np.cumsum(fine) / (RATE * _OVER)
    return resample_poly(pulse.derivative(phase % 1), 1, _OVER)


def formants(vowel: str) -> np.ndarray:
    """Denominator of the vocal tract's all-pole filter at 16 kHz."""
    a = np.ones(1)
    for centre, width in zip(VOWELS[vowel], _BANDWIDTHS, strict=True):
        r = np.exp(-np.pi * width / RATE)
        a = np.convolve(a, [1, -2 * r * np.cos(2 * np.pi * centre / RATE), r * r])
    return a


def voice(rd: float, f0: float | np.ndarray, vowel: str, seconds: float = 1.0) -> np.ndarray:
    """Such a voice through the formants of a vowel, with a largest sample of 0.5."""
    signal = lfilter([1], formants(vowel), source(rd, f0, seconds))
    return 0.5 * signal / np.abs(signal).max()


def mel_cepstrum(rd: float, f0: float, vowel: str, order: int) -> np.ndarray:
    """Cepstrum [order + 1] on the mel scale of the voice's envelope, pulse times tract."""
    mel = (np.arange(2000) + 0.5) / 2000
    frequency = 700 * ((1 + RATE / 2 / 700) ** mel - 1)
    # Below F0 and between harmonics nothing of the pulse is heard but on the line through them.
    t = np.arange(20_000) / 20_000
    pulse = np.abs(np.fft.rfft(Pulse.from_rd(rd).derivative(t)))
    harmonics = np.arange(1, int(RATE / 2 / f0) + 2)
    tilt = np.interp(frequency / f0, harmonics, np.log(pulse[harmonics]))
    around = np.exp(-2j * np.pi * np.outer(frequency / RATE, np.arange(len(formants(vowel)))))
    level = tilt - np.log(np.abs(around @ formants(vowel)))
    cosines = np.cos(np.pi * np.outer(np.arange(order + 1), mel))
    cepstrum = cosines @ level / len(mel)
    cepstrum[1:] *= 2
    return cepstrum
