"""The LF model of the glottal flow's derivative: shape from Rd, harmonics in closed form."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq


@dataclass(frozen=True)
class LFPulse:
    """One period of the LF model, with T0 = 1 and a negative peak of Ee = 1.

    Source: G. Fant, J. Liljencrants, Q. Lin, "A four-parameter model of glottal flow", STL-QPSR
    4/1985.
    """

    tp: float  # when the flow is largest
    te: float  # when its derivative is smallest
    ta: float  # time constant of the return
    growth: float  # alpha
    decay: float  # epsilon

    @classmethod
    def from_rd(cls, rd: float) -> "LFPulse":
        """The pulse with a given Rd.

        Source: G. Fant, "The LF-model revisited: transformations and frequency domain analysis",
        STL-QPSR 2-3/1995, eq. 2 to 4.
        """
        ra, rk = (4.8 * rd - 1) / 100, (11.8 * rd + 22.4) / 100
        share = 0.5 + 1.2 * rk
        tp = 2 * (0.11 * rd / share - ra) / rk  # 1 / (2 Rg)
        te = tp * (1 + rk)
        decay = brentq(lambda e: e * ra + np.expm1(-e * (1 - te)), 0.01 / ra, 1.01 / ra)

        def area(growth: float) -> float:
            return float(cls(tp, te, ra, growth, decay).harmonics(np.zeros(1))[0].real)

        return cls(tp, te, ra, brentq(area, -20, 50), decay)

    def harmonics(self, k: np.ndarray) -> np.ndarray:
        """Fourier integrals of the derivative at k times F0, complex [K]."""
        s = 2j * np.pi * np.asarray(k, float)
        omega = np.pi / self.tp
        opened = [_integral(self.growth - s + sign * 1j * omega, self.te) for sign in (1, -1)]
        peak = np.exp(self.growth * self.te) * np.sin(omega * self.te)
        closed = 1 - self.te
        end = np.exp(-self.decay * closed)
        returned = _integral(-self.decay - s, closed) - end * _integral(-s, closed)
        return -(opened[0] - opened[1]) / (2j * peak) - np.exp(-s * self.te) * returned / (
            self.decay * self.ta
        )


def _integral(exponent: np.ndarray, until: float) -> np.ndarray:
    """Integral of exp(exponent t) from 0 to ``until``."""
    safe = np.where(exponent == 0, 1, exponent)
    return np.where(exponent == 0, until, np.expm1(safe * until) / safe)
