import warnings

import numpy as np
import pytest

from robust_mer.metrics.classes import ua, wa


def test_wa_is_the_share_of_hits_and_ua_the_mean_recall():
    label = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    predicted = np.array([0, 0, 0, 1, 1, 0, 0, 1])
    assert wa(label, predicted) == pytest.approx(4 / 8)
    assert ua(label, predicted) == pytest.approx((3 / 4 + 1 / 2 + 0) / 3)


def test_ua_counts_only_classes_that_occur():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ua(np.array([1, 1, 3]), np.array([1, 2, 3])) == pytest.approx((1 / 2 + 1) / 2)


def test_ua_of_a_constant_answer_is_one_over_the_classes():
    label = np.repeat([0, 1, 2, 3], [40, 30, 20, 10])
    assert ua(label, np.zeros(100, int)) == pytest.approx(1 / 4)
    assert wa(label, np.zeros(100, int)) == pytest.approx(0.4)


@pytest.mark.parametrize("measure", [wa, ua])
def test_no_utterances_or_unequal_lengths_are_errors(measure):
    with pytest.raises(ValueError, match="no utterances"):
        measure(np.array([], int), np.array([], int))
    with pytest.raises(ValueError, match="inconsistent numbers"):
        measure(np.array([0, 1]), np.array([0]))
