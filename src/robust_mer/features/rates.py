"""Resampling frames to another rate."""

from fractions import Fraction
from functools import cache

import numpy as np

from robust_mer.errors import InputError

_MOST = 1000  # of numerator and denominator
_EXACT = 1e-6  # relative
_CROSSINGS, _BETA = 10, 5.0  # of the low-pass filter: its zero crossings a side, and Kaiser's beta


def rate_ratio(rate: float, target: float, location: str) -> Fraction:
    """``target / rate`` as a fraction.

    Args:
        rate: Of the frames, in Hz.
        target: In Hz, at most ``rate``.
        location: File or config key, for messages.

    Raises:
        InputError: the ratio is above 1, or not one of whole numbers up to 1000.
    """
    ratio = Fraction(target / rate).limit_denominator(_MOST)
    if not 0 < target <= rate or abs(ratio * rate / target - 1) > _EXACT:
        raise InputError(
            f"{location}: {rate:g} frames per second cannot be converted to {target:g}, expected "
            f"at most {rate:g}, in a ratio of whole numbers up to {_MOST}, such as {rate / 10:g}"
        )
    return ratio


def resample(frames: np.ndarray, ratio: Fraction) -> np.ndarray:
    """Frames [T, D] low-pass filtered and resampled to ``ratio`` times their rate, as in MMIN.

    The signal is extended by its edge values, because zeros would pull its first and last frames to
    zero.

    The same as ``scipy.signal.resample_poly``, to the last bit. To import scipy.signal takes longer
    than to extract the features of a short recording.
    """
    if ratio == 1:
        return frames
    up, down = ratio.numerator, ratio.denominator
    reach = _CROSSINGS * down  # of the filter, in frames of ``up`` times the rate
    weights = np.pad(_low_pass(reach, down).astype(frames.dtype) * up, (0, up))
    position = np.arange(-(-len(frames) * up // down)) * down
    first = -((reach - position) // up)  # the first frame that the filter reaches
    slower = np.zeros((len(position), *frames.shape[1:]), frames.dtype)
    for place in range(2 * reach // up + 1):
        source = first + place
        # Beyond its reach, the filter has the weight that was padded: 0.
        weight = weights[source * up - position + reach]
        slower += weight[:, None] * frames[source.clip(0, len(frames) - 1)]
    return slower.astype(np.float32, copy=False)


@cache
def _low_pass(reach: int, rate: int) -> np.ndarray:
    """Weights [2 reach + 1] of a low-pass filter at a ``rate``-th of the frequency."""
    distance = np.arange(-reach, reach + 1)
    weights = np.sinc(distance / rate) * np.kaiser(len(distance), _BETA)
    return weights / weights.sum()
