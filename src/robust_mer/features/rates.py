"""Resampling frames to another rate."""

from fractions import Fraction

import numpy as np

from robust_mer.errors import InputError

_MOST = 1000  # of numerator and denominator
_EXACT = 1e-6  # relative


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
    """
    from scipy.signal import resample_poly

    if ratio == 1:
        return frames
    slower = resample_poly(frames, ratio.numerator, ratio.denominator, axis=0, padtype="edge")
    return slower.astype(np.float32, copy=False)
