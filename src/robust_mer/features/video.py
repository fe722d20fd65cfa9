"""The pictures of an utterance's video: those of its times, of the part that shows the speaker."""

import math
from collections.abc import Iterator
from itertools import islice

import cv2
import numpy as np

from robust_mer.errors import UtteranceError
from robust_mer.features.utterance import Utterance

_MAY_LACK = 0.5  # seconds that a recording may end before the index says; annotators round
_LONGEST = 100 * 3600  # seconds
_BEFORE = 2.0  # seconds that are read ahead of a recording whose pictures come at odd times
_BLACK = 16  # mean brightness, of 255, up to which a row at the edge belongs to the letterbox

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
cv2.setNumThreads(1)  # the extraction's processes fill the cores


class Clip:
    """The pictures of an utterance at a fixed rate: BGR uint8 [height, width, 3] each.

    Every visual extractor reads through here, so that a corruption of recordings reaches it. Only
    the utterance's own part of the recording is decoded. A picture is the one that is on the screen
    at its time, also where the recording's frame rate varies; one that stays there longer than
    that is repeated.
    """

    def __init__(self, utterance: Utterance, rate: float):
        """Open the recording.

        Raises:
            UtteranceError: it is missing, cannot be decoded, or ends before the utterance starts.
        """
        path = utterance.file("video")
        self._video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        self._fps = self._video.get(cv2.CAP_PROP_FPS)
        if not self._video.isOpened() or not self._fps > 0:
            raise UtteranceError("video cannot be decoded")
        length = self._video.get(cv2.CAP_PROP_FRAME_COUNT) / self._fps
        start = utterance.start or 0.0
        end = length if utterance.end is None else utterance.end
        if not start < min(end, length):
            raise UtteranceError(
                f"video too short: {length:.2f} s, and the utterance is from {start:.2f} to "
                f"{end:.2f} s"
            )
        if end - start > _LONGEST:  # a header or an index may say any number
            raise UtteranceError(f"video cannot be decoded: {end - start:.0f} s are no utterance")
        self._region = utterance.region
        self._end = end
        self.seconds = end - start
        times = start + np.arange(math.ceil(self.seconds * rate - 1e-6)) / rate
        # Pictures are numbered by their time in units of the mean time between two.
        self._wanted = np.floor(times * self._fps + 1e-6).astype(int)
        if utterance.alter_frames is not None:
            self._wanted = utterance.alter_frames(self._wanted)
        self._alter_picture = utterance.alter_picture

    def __iter__(self) -> Iterator[np.ndarray]:
        if not len(self._wanted):
            return
        last: int | None = None
        picture: np.ndarray | None = None
        for number, whole_picture in self._numbered():
            if number != last:
                picture = crop_region(whole_picture, self._region)
                if self._alter_picture is not None:
                    picture = self._alter_picture(picture, number)
                last = number
            assert picture is not None
            yield picture

    def _numbered(self) -> Iterator[tuple[int, np.ndarray]]:
        given = 0
        try:
            for found in self._evenly():
                yield found
                given += 1
        except _UnevenError:
            yield from islice(self._unevenly(), given, None)

    def _evenly(self) -> Iterator[tuple[int, np.ndarray]]:
        """The wanted pictures, where each has its number; only they are converted."""
        self._video.set(cv2.CAP_PROP_POS_FRAMES, int(self._wanted[0]))
        number = int(self._wanted[0]) - 1
        picture: np.ndarray | None = None
        for wanted in map(int, self._wanted):
            while number < wanted:
                following = self._grab(number)
                if following is None:
                    self._check_end(number)
                    return
                number = following
                if number > wanted:
                    raise _UnevenError
                if number == wanted:
                    picture = self._retrieve()
            assert picture is not None  # the first one lies ahead
            yield wanted, picture

    def _unevenly(self) -> Iterator[tuple[int, np.ndarray]]:
        """The wanted pictures, the latest before its time each; every picture is converted."""
        first = max(0, int(self._wanted[0] - _BEFORE * self._fps))
        self._video.set(cv2.CAP_PROP_POS_FRAMES, first)
        shown, number = first - 1, self._grab(first - 1)
        picture = following = None if number is None else self._retrieve()
        for wanted in self._wanted:
            while number is not None and number <= wanted:
                shown, picture = number, following
                number = self._grab(shown)
                following = None if number is None else self._retrieve()
            if number is None and wanted > shown:
                self._check_end(shown)
                return
            assert picture is not None  # there is one, or the video ends before the first
            yield shown, picture

    def _grab(self, before: int) -> int | None:
        """Number of the next picture, which stands behind number ``before``; None at the end."""
        if not self._video.grab():
            return None
        seconds = self._video.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return round(seconds * self._fps) if seconds > 0 else before + 1  # not all files say

    def _retrieve(self) -> np.ndarray:
        decoded, picture = self._video.retrieve()
        if not decoded:
            raise UtteranceError("video cannot be decoded")
        return picture

    def _check_end(self, last: int) -> None:
        """Judge a recording of which ``last`` is the number of its last picture."""
        if last < self._wanted[0]:
            raise UtteranceError("video cannot be decoded")
        lacking = self._end - (last + 1) / self._fps
        if lacking > _MAY_LACK:
            raise UtteranceError(
                f"video too short: it ends {lacking:.2f} s before the utterance does"
            )


class _UnevenError(Exception):
    """Pictures do not follow one another at the recording's mean rate."""


def crop_region(picture: np.ndarray, region: str) -> np.ndarray:
    """The part of a picture that an index's ``region`` names.

    Args:
        picture: [height, width, 3].
        region: ``left``, ``right`` (halves), ``x,y,w,h`` in pixels, or empty for the whole.

    Raises:
        UtteranceError: the region is none of these or not inside the picture.
    """
    height, width = picture.shape[:2]
    if not region:
        return picture
    if region == "left":
        return picture[:, : width // 2]
    if region == "right":
        return picture[:, width // 2 :]
    try:
        x, y, w, h = (int(number) for number in region.split(","))
    except ValueError:
        raise UtteranceError(
            f"region not understood: {region!r}, expected left, right or x,y,w,h"
        ) from None
    if min(x, y) < 0 or min(w, h) < 1 or x + w > width or y + h > height:
        raise UtteranceError(f"region outside the picture: {region} of {width} x {height} pixels")
    return picture[y : y + h, x : x + w]


def without_letterbox(pictures: list[np.ndarray]) -> slice:
    """Rows between the black bars at the top and bottom that all the pictures share."""
    brightness = np.max([picture.mean(axis=(1, 2)) for picture in pictures], axis=0)
    bright = np.flatnonzero(brightness > _BLACK)
    return slice(bright[0], bright[-1] + 1) if len(bright) else slice(None)
