"""Which pictures of a video are read, and what is said of a video that cannot be."""

import numpy as np
import pytest
from videos import astronaut, change_durations, number, numbered, utterance, write

from robust_mer.errors import UtteranceError
from robust_mer.features.video import Clip, crop_region, lit_rows, without_letterbox


@pytest.mark.parametrize("suffix", [".avi", ".mp4"])
@pytest.mark.parametrize(
    ("start", "end", "rate", "expected"),
    [
        (None, None, 5.0, list(range(0, 100, 5))),
        (1.0, 2.0, 5.0, [25, 30, 35, 40, 45]),
        (2.98, 3.5, 5.0, [74, 79, 84]),
        (0.2, 0.32, 50.0, [5, 5, 6, 6, 7, 7]),
        (3.8, 4.3, 5.0, [95]),  # the end is rounded beyond the recording
    ],
)
def test_pictures_are_those_of_their_times(tmp_path, suffix, start, end, rate, expected):
    path = write(tmp_path / f"numbered{suffix}", [numbered(i) for i in range(100)], fps=25)
    seen = [number(picture) for picture in Clip(utterance(path, start, end), rate)]
    assert seen == expected


@pytest.mark.parametrize(("start", "end"), [(None, None), (2.0, 3.4), (0.5, 1.5)])
@pytest.mark.parametrize("order", [(0.5, 1.5), (1.5, 0.5)])
def test_a_varying_frame_rate_shows_what_is_on_the_screen_at_that_time(tmp_path, start, end, order):
    path = write(tmp_path / "a.mp4", [numbered(i) for i in range(100)], fps=25)
    change_durations(path, [(50, order[0]), (50, order[1])])
    shown = np.cumsum([0, *[0.04 * order[0]] * 50, *[0.04 * order[1]] * 50])
    seen = [number(picture) for picture in Clip(utterance(path, start, end), 5.0)]
    times = np.arange(start or 0.0, (end or 4.0) - 1e-6, 0.2)
    assert len(seen) == len(times)
    for time, i in zip(times, seen, strict=True):
        # to within half the mean time between two pictures
        assert shown[i] - 0.0201 <= time <= shown[i + 1] + 0.0201, (time, i)


def test_a_picture_that_stays_is_repeated(tmp_path):
    """Screen recordings and calls stand still for seconds."""
    path = write(tmp_path / "a.mp4", [numbered(i) for i in range(50)], fps=25)
    change_durations(path, [(9, 0.2), (1, 32.2), (40, 0.2)])  # number 9 from 0.072 to 1.36 s
    seen = [number(picture) for picture in Clip(utterance(path), 5.0)]
    assert seen[:7] == [0, 9, 9, 9, 9, 9, 9]
    assert seen[7] in (14, 15, 16, 17)


def test_an_utterance_within_a_recording_shows_what_the_whole_shows(tmp_path):
    path = write(tmp_path / "a.mp4", [numbered(i) for i in range(100)], fps=25)
    whole = [number(picture) for picture in Clip(utterance(path), 25.0)]
    for start in (0.0, 1.16, 2.4, 3.2):
        part = [number(picture) for picture in Clip(utterance(path, start, start + 0.4), 25.0)]
        assert part == whole[round(start * 25) :][:10]


@pytest.mark.parametrize(
    ("region", "reason"), [("middle", "not understood"), ("300,0,160,160", "outside the picture")]
)
def test_wrong_region_says_why(region, reason):
    with pytest.raises(UtteranceError, match=reason):
        crop_region(np.zeros((160, 320, 3), np.uint8), region)


def test_letterbox_is_what_is_black_in_all_pictures():
    picture = np.zeros((100, 20, 3), np.uint8)
    picture[30:70] = 90
    dark = np.zeros_like(picture)
    assert without_letterbox(lit_rows([picture, dark])) == slice(30, 70)
    assert without_letterbox(lit_rows([dark])) == slice(None)


def test_unusable_video_says_why(tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is no video" * 100)
    second = write(tmp_path / "second.avi", [astronaut()] * 10)
    truncated = write(tmp_path / "truncated.avi", [astronaut()] * 40)
    truncated.write_bytes(truncated.read_bytes()[: truncated.stat().st_size // 2])
    stump = write(tmp_path / "stump.avi", [astronaut()] * 40)
    stump.write_bytes(stump.read_bytes()[:600])
    for candidate, reason in (
        (utterance(broken), "cannot be decoded"),
        (utterance(stump), "cannot be decoded"),
        (utterance(truncated, 0.0, 4.0), "video too short"),
        (utterance(second, 0.4, 3.0), "ends 2.00 s before"),
        (utterance(second, 2.0, 3.0), "1.00 s, and the utterance is from 2.00 to 3.00 s"),
        (utterance(second, 0.5, 0.5), "from 0.50 to 0.50 s"),
        (utterance(None), "no video file named"),
        (utterance(tmp_path / "gone.mp4"), "video file missing"),
    ):
        with pytest.raises(UtteranceError, match=reason):
            list(Clip(candidate, 5.0))
