"""Computational sequences whose rows are not in the order of time."""

import numpy as np
import pytest
from generators.mosei import write_csd

from robust_mer.corpora.csd import Segments, Sequence, words_during

SPELLED = np.array([[b"never"], [b"sp"], [b"say"], [b"never"], [b"again"]])
SPOKEN = np.array([[0.0, 0.5], [0.5, 0.7], [0.7, 1.0], [1.0, 1.6], [1.6, 2.0]])
FRAMES = np.arange(16, dtype=np.float32).reshape(8, 2) ** 2
SHOWN = np.stack([0.25 * np.arange(8), 0.25 * np.arange(1, 9)], axis=1)


@pytest.fixture(params=["in order", "reversed", "shuffled"])
def sequences(request, tmp_path):
    """A sequence of words and one of frames, over 2 s of the video v."""
    rows = {"words": np.arange(5), "frames": np.arange(8)}
    if request.param == "reversed":
        rows = {name: order[::-1] for name, order in rows.items()}
    if request.param == "shuffled":
        rows = {"words": np.array([2, 0, 4, 1, 3]), "frames": np.array([6, 1, 3, 0, 7, 2, 5, 4])}
    for name, values, times in (("words", SPELLED, SPOKEN), ("frames", FRAMES, SHOWN)):
        data = {"v": (values[rows[name]], times[rows[name]])}
        write_csd(tmp_path / f"{name}.csd", name, data)
    return Sequence(tmp_path / "words.csd"), Sequence(tmp_path / "frames.csd")


def spoken(words, start, end):
    return [word for _, word in words_during(words, "v", start, end)]


def test_words_in_the_order_of_time(sequences):
    words, _ = sequences
    assert spoken(words, 0.0, 2.0) == ["never", "say", "never", "again"]
    assert spoken(words, 0.5, 1.0) == ["say"]
    assert spoken(words, 0.5, 1.0001) == ["say", "never"]
    assert spoken(words, 2.0, 3.0) == []


def test_frames_of_a_segment_in_the_order_of_time(sequences):
    words, frames = sequences
    times = {"u": ("v", 0.5, 1.25), "none": ("v", 2.0, 3.0)}
    found, _ = Segments(frames, times, None, 50).frames("u")
    np.testing.assert_array_equal(found, FRAMES[2:5])
    assert len(Segments(frames, times, None, 50).frames("none")[0]) == 0
    assert len(Segments(frames, times, words, 50).frames("none")[0]) == 0


def test_means_over_the_times_of_words(sequences):
    words, frames = sequences
    source = Segments(frames, {"u": ("v", 0.5, 1.5)}, words, 50)
    expected = [FRAMES[2:4].mean(axis=0), FRAMES[4:7].mean(axis=0)]  # say, never
    np.testing.assert_allclose(source.frames("u")[0], expected)
    first = Segments(frames, {"u": ("v", 0.5, 1.5)}, words, 1)
    np.testing.assert_allclose(first.frames("u")[0], expected[:1])
