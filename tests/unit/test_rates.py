"""Resampled frames are those of scipy.signal, whose import takes a second."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.signal import resample_poly

from robust_mer.features.rates import resample


@pytest.mark.parametrize("ratio", [(1, 10), (1, 2), (2, 5), (3, 10), (7, 1000), (999, 1000)])
@pytest.mark.parametrize("count", [1, 2, 13, 240])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_frames_are_those_of_scipy(ratio, count, kind):
    frames = np.random.default_rng(count).normal(0, 100, (count, 5)).astype(kind)
    expected = resample_poly(frames, *ratio, axis=0, padtype="edge")
    assert np.array_equal(resample(frames, Fraction(*ratio)), expected.astype(np.float32))


def test_an_empty_recording_stays_empty():
    assert resample(np.zeros((0, 3), np.float32), Fraction(1, 10)).shape == (0, 3)
