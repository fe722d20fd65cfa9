"""Property: the picture of a moment is the one on the screen then, in every container and codec."""

import numpy as np
import pytest
from helpers.films import write_film
from videos import number, numbered, utterance

from robust_mer.features.video import Clip

PICTURES = 100
EVEN = [40 * i for i in range(PICTURES)]
FAST = [round(1000 * i / 30) for i in range(PICTURES)]
# A call: quick and slow pictures, and one that stands still for three seconds.
UNEVEN = np.cumsum([0, *([20] * 25), *([75] * 15), 3000, *([40] * (PICTURES - 42))]).tolist()
LATE = [i + 1400 for i in EVEN]

# name: suffix, codec, times, frame rate, B-frames, pictures from key to key, muxer's options
FILMS = {
    "mpeg4 avi": (".avi", "mpeg4", EVEN, 25, 0, 12, {}),
    "mpeg4 avi B": (".avi", "mpeg4", EVEN, 25, 2, 30, {}),
    "mjpeg avi": (".avi", "mjpeg", EVEN, 25, 0, 1, {}),
    "mpeg4 mp4": (".mp4", "mpeg4", EVEN, 25, 0, 250, {}),
    "mpeg4 mp4 uneven": (".mp4", "mpeg4", UNEVEN, 25, 0, 40, {}),
    "h264 mp4": (".mp4", "libx264", EVEN, 25, 0, 250, {}),
    "h264 mp4 B": (".mp4", "libx264", EVEN, 25, 3, 60, {}),
    "h264 mp4 B uneven": (".mp4", "libx264", UNEVEN, 25, 3, 60, {}),
    "h264 mp4 30": (".mp4", "libx264", FAST, 30, 2, 30, {}),
    "h264 mp4 fragmented": (
        ".mp4",
        "libx264",
        EVEN,
        25,
        2,
        25,
        {"movflags": "frag_keyframe+empty_moov"},
    ),
    "h264 mov": (".mov", "libx264", UNEVEN, 25, 2, 250, {}),
    "h264 mkv B": (".mkv", "libx264", EVEN, 25, 3, 50, {}),
    "h264 mkv 30": (".mkv", "libx264", FAST, 30, 0, 50, {}),
    "h264 mkv uneven": (".mkv", "libx264", UNEVEN, 25, 2, 50, {}),
    "h264 ts": (".ts", "libx264", EVEN, 25, 0, 250, {}),
    "h264 ts B": (".ts", "libx264", EVEN, 25, 3, 50, {}),
    "h264 ts uneven": (".ts", "libx264", UNEVEN, 25, 2, 50, {}),
    "h264 ts late": (".ts", "libx264", LATE, 25, 2, 50, {}),
    "h264 flv": (".flv", "libx264", EVEN, 25, 2, 50, {}),
    "h264 alone": (".h264", "libx264", EVEN, 25, 0, 50, {}),
    "h265 mp4": (".mp4", "libx265", EVEN, 25, 3, 50, {}),
    "mpeg2 ts": (".ts", "mpeg2video", EVEN, 25, 2, 15, {}),
    "mpeg2 mpg": (".mpg", "mpeg2video", EVEN, 25, 2, 15, {}),
    "wmv2 wmv": (".wmv", "wmv2", EVEN, 25, 0, 30, {}),
    "mpeg4 ts": (".ts", "mpeg4", EVEN, 25, 0, 30, {}),
    "vp8 webm": (".webm", "libvpx", EVEN, 25, 0, 60, {}),
    "vp8 webm uneven": (".webm", "libvpx", UNEVEN, 25, 0, 60, {}),
    "vp9 webm": (".webm", "libvpx-vp9", FAST, 30, 0, 250, {}),
    "ffv1 mkv": (".mkv", "ffv1", UNEVEN, 25, 0, 1, {}),
}
CUTS = [(None, None), (0.0, 0.5), (0.96, 1.8), (1.3, 2.9), (2.02, 3.3), (3.1, 3.2)]
DELAYED = {"mpeg4 avi B": 0.04}
"""Seconds that a film starts late: avi files hold the order of decoding only."""


def expected(shown: np.ndarray, start: float | None, end: float | None, rate: float):
    """Numbers of the pictures on the screen at each moment, by the times that went in."""
    last = shown[-1] + 0.02
    start, end = start or 0.0, last if end is None else end
    moments = start + np.arange(np.ceil((end - start) * rate - 1e-6)) / rate
    return [max(np.searchsorted(shown, moment + 6e-4, side="right") - 1, 0) for moment in moments]


def differing(path, shown: np.ndarray) -> tuple[int, int]:
    """Pictures that are not those of their times, and pictures, over all cuts."""
    wrong = total = 0
    for start, end in CUTS:
        right = expected(shown, start, end, 10.0)
        seen = [number(picture) for picture in Clip(utterance(path, start, end), 10.0)]
        total += len(right)
        wrong += abs(len(seen) - len(right))
        wrong += sum(a != b for a, b in zip(seen, right, strict=False))
    return wrong, total


def film(folder, name):
    suffix, codec, milliseconds, fps, b_frames, key_every, options = FILMS[name]
    pictures = [numbered(i) for i in range(PICTURES)]
    path = folder / f"film{suffix}"
    write_film(path, pictures, codec, milliseconds, fps, b_frames, key_every, options)
    return path, (np.array(milliseconds) - milliseconds[0]) / 1000 + DELAYED.get(name, 0.0)


@pytest.mark.parametrize("name", FILMS)
def test_every_picture_is_the_one_on_the_screen_at_its_time(tmp_path, name):
    wrong, total = differing(*film(tmp_path, name))
    assert total > 60
    assert wrong == 0
