"""Who is who, from boxes alone."""

import numpy as np

from robust_mer.features.detector import Face
from robust_mer.features.tracks import between, one_person


def face(x: float, y: float = 0.0, side: float = 100.0) -> Face:
    box = np.array([x, y, x + side, y + side], np.float32)
    return Face(box, np.zeros((5, 2), np.float32), 0.99)


def test_a_face_is_expected_on_the_straight_line():
    boxes = between([face(0), face(300)], [face(310), face(20, side=120)], 0.25)
    np.testing.assert_allclose(boxes, [[5, 0, 110, 105], [302.5, 0, 402.5, 100]])


def test_faces_that_do_not_pair_up_are_expected_nowhere():
    assert between([face(0)], [], 0.5) is None
    assert between([], [], 0.5) is None
    assert between([face(0)], [face(80, 80)], 0.5) is None  # 113 pixels away
    assert between([face(0), face(300)], [face(0)], 0.5) is None
    assert between([face(0), face(10)], [face(5), face(300)], 0.5) is None


def test_the_larger_of_two_stays_the_same_person():
    """In every other picture the detector names them in another order; they move."""
    found = []
    for i in range(10):
        both = [face(8.0 * i, side=120), face(300 - 8.0 * i, side=100)]
        found.append(both[::-1] if i % 2 else both)
    assert one_person(found) == [0, 1] * 5


def test_a_passer_by_does_not_take_over():
    found = [[face(0)]] * 3 + [[face(0), face(200, side=180)]] + [[face(200, side=180)], [face(0)]]
    assert one_person(found) == [0, 0, 0, 0, None, 0]


def test_a_person_seen_elsewhere_behind_a_cut_is_the_same():
    found = [[face(0)]] * 3 + [[]] + [[face(300, side=80)]] * 2
    assert one_person(found) == [0, 0, 0, None, 0, 0]


def test_a_speck_in_the_background_is_nobody():
    found = [[face(0)]] * 3 + [[face(300, side=30)]] + [[face(4)]]
    assert one_person(found) == [0, 0, 0, None, 0]


def test_nobody_is_nobody():
    assert one_person([[], []]) == [None, None]
    assert one_person([]) == []
