"""The pictures of an utterance's video: those of its times, of the part that shows the speaker."""

import math
from collections.abc import Iterable, Iterator
from itertools import chain, count
from typing import Any, NamedTuple

import cv2
import numpy as np

from robust_mer.corpora.durations import duration
from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.film import Film, Picture
from robust_mer.features.utterance import Utterance
from robust_mer.recordings import describe_contents, is_cut_off

_MAY_LACK = 0.5  # seconds that a recording may lack at either end; annotators round
_LONGEST = 100 * 3600  # seconds
_BLACK = 32  # brightness, of 255, up to which a pixel counts as black
_LIT = 0.01  # fraction of a row's pixels above it that makes the row a part of the picture
_LEAST_LEFT = 0.4  # of a picture's height, that a letterbox leaves at least

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
cv2.setNumThreads(1)  # the extraction's processes fill the cores


class _Asked(NamedTuple):
    """A picture that is asked for."""

    place: float
    """When it is seen, in seconds from the utterance's beginning."""
    time: float
    """When it is on the screen, in seconds from the recording's beginning."""

    def later(self, seconds: float) -> "_Asked":
        """The one so much later."""
        return _Asked(self.place + seconds, self.time + seconds)


class Clip:
    """The pictures of an utterance at a fixed rate: BGR uint8 [height, width, 3] each.

    Every visual extractor reads through here, so that a corruption of recordings reaches it. Only
    the utterance's own part of the recording is decoded. A picture is the one that is on the screen
    at its time, also where the recording's frame rate varies; one that stays there longer than
    that is repeated. Pictures of pixels that are not square are stretched as a player does.

    Attributes:
        seconds: Duration of the utterance; known after the last picture.
        notes: How the pictures differ from what the file promises; complete after the last one.
        times: Of the pictures so far, seconds from the utterance's beginning.
    """

    def __init__(self, utterance: Utterance, rate: float):
        """Open the recording.

        Raises:
            UtteranceError: it is missing, or cannot be decoded.
        """
        self._path = utterance.file("video")
        self._film = Film(self._path)
        self.notes: list[str] = []
        self.times: list[float] = []
        self._region = utterance.region
        self._start, self._end = utterance.start or 0.0, utterance.end
        self._has_start = utterance.start is not None
        if self._end is None and utterance.alter_frames is not None:
            self._end = self._film.find_end()
        self.seconds = 0.0 if self._end is None else self._end - self._start
        start = self._start
        self._asked: Iterable[_Asked] = (_Asked(i / rate, start + i / rate) for i in count())
        if self._end is not None:
            self._check_times(self._end)
            steps = np.arange(math.ceil(self.seconds * rate - 1e-6)) / rate
            times = start + steps
            if utterance.alter_frames is not None:
                times = self._altered(times, utterance.alter_frames)
            seen = zip(steps.tolist(), times.tolist(), strict=True)
            self._asked = [_Asked(*one) for one in seen if not math.isnan(one[1])]
        self._alter_picture = utterance.alter_picture
        self._shape: tuple[int, int] | None = None

    def __iter__(self) -> Iterator[np.ndarray]:
        """The pictures.

        Raises:
            UtteranceError: the recording cannot be decoded, or lacks a part of the utterance.
        """
        last: Picture | None = None
        seen = np.zeros(0, np.uint8)
        for place, picture in self._shown():
            if picture is not last:
                seen, last = self._seen(picture), picture
            self.times.append(place)
            yield seen
        if self._film.lost or self._film.distorted:
            self._note(f"damaged: {self._reason()}")

    def _check_times(self, end: float) -> None:
        if self.seconds <= 0:
            raise UtteranceError(
                f"video too short: the utterance is from {self._start:.2f} to {end:.2f} s"
            )
        if self.seconds > _LONGEST:  # an index may say any number
            raise UtteranceError(f"video cannot be decoded: {self.seconds:.0f} s are no utterance")

    def _altered(self, times: np.ndarray, alter: Any) -> np.ndarray:
        """When pictures that are seen at some times are on the screen; NaN where none is left.

        The corruption deals in numbers: times in units of the mean time between two pictures.
        """
        fps = self._film.fps
        numbers = np.floor(times * fps + 1e-6).astype(int)
        time_of = dict(zip(numbers[::-1].tolist(), times[::-1].tolist(), strict=True))
        altered = alter(numbers).tolist()
        if len(altered) != len(numbers):
            raise InputError(
                f"a corruption of frames returned {len(altered)} numbers for {len(numbers)} "
                "frames; expected one for each, -1 where none is seen"
            )
        seen = [
            time_of.get(number, (number + 0.5) / fps) if number >= 0 else math.nan
            for number in altered
        ]
        return np.array(seen)

    def _shown(self) -> Iterator[tuple[float, Picture]]:
        """The pictures on the screen, and when in the utterance they are seen."""
        just = 1e-6 / self._film.fps
        asked = iter(self._asked)
        first = next(asked, None)
        if first is None:
            return
        pictures = self._film.pictures(first.time)
        shown = following = next(pictures, None)
        if shown is None:
            raise UtteranceError(f"video cannot be decoded: {self._reason()}")
        late = shown.time - first.time
        if late > _MAY_LACK and self._has_start:
            raise UtteranceError(f"video too short: its pictures start {late:.2f} s late")
        if late > _MAY_LACK:  # an utterance without a start begins with its first picture
            self._note(f"pictures start late: {late:.2f} s")
            first, asked = first.later(late), (one.later(late) for one in asked)
        for place, time in chain([first], asked):
            while following is not None and following.time <= time + just:
                shown, following = following, next(pictures, None)
            if following is None and time + just >= shown.end:
                self._check_end(shown)
                return
            if self._end is not None and time >= self._end:  # its pictures started late
                return
            yield place, shown

    def _seen(self, picture: Picture) -> np.ndarray:
        """The speaker's part of a picture, of square pixels, after a corruption of recordings."""
        pixels = crop_region(picture.pixels(), self._region)
        height, width = pixels.shape[:2]
        if self._film.pixel != 1:
            if picture.is_on_its_side:
                height = round(height * self._film.pixel)
            else:
                width = round(width * self._film.pixel)
            self._note(f"pixels are not square: shown as {width} x {height}")
        if self._shape is None:
            self._shape = height, width
        elif self._shape != (height, width):  # within a stream, cameras turn and calls change
            self._note(
                f"the size of the pictures changes: shown as {self._shape[1]} x {self._shape[0]}"
            )
        height, width = self._shape
        if pixels.shape[:2] != self._shape:
            pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        if self._alter_picture is None:
            return pixels
        return self._alter_picture(pixels, round(picture.time * self._film.fps))

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _check_end(self, last: Picture) -> None:
        """Judge a recording of which ``last`` is the last picture.

        Raises:
            UtteranceError: it lacks too much of the utterance, or of what its header promises.
        """
        gone = last.end
        end = self._end
        if end is None:
            end = self._film.end
            self.seconds = max(end - self._start, 0.0)
        if gone <= self._start:
            raise UtteranceError(
                f"video too short: {gone:.2f} s, and the utterance is from {self._start:.2f} to "
                f"{end:.2f} s"
            )
        if (lacking := end - gone) > _MAY_LACK:
            damaged = f"; {self._reason()}" if self._film.lost else ""
            raise UtteranceError(
                f"video too short: it ends {lacking:.2f} s before the utterance does{damaged}"
            )
        if self._end is None:
            self._check_promise(end)

    def _check_promise(self, end: float) -> None:
        """Compare what a header promises to what was read, up to ``end``."""
        promised = self._film.promised
        if is_cut_off(self._path):
            lengths = promised, self._film.length, duration(self._path)
            lacking = max(length or 0.0 for length in lengths) - end
            if lacking > _MAY_LACK:
                raise UtteranceError(
                    f"video too short: it ends {lacking:.2f} s before its header says; "
                    f"{describe_contents(self._path)}"
                )
        if promised is not None and promised - end > _MAY_LACK:
            self._note(f"its header promises more: {promised:.2f} s, read {end:.2f} s")

    def _reason(self) -> str:
        film = self._film
        if film.lost or film.distorted:
            later = f"; those up to {film.distorted:.2f} s may be distorted" * (film.distorted > 0)
            return (
                f"{film.lost:.2f} s of pictures cannot be decoded, from {film.lost_at:.2f} s on"
                f"{later}"
            )
        return describe_contents(self._path) or "it has no pictures that can be decoded"


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


def is_plain(picture: np.ndarray, min_contrast: float) -> bool:
    """Whether a picture is of one colour, as that of a camera that is covered or off."""
    return bool(picture[::4, ::4].astype(np.float32).std(axis=(0, 1)).max() < min_contrast)


def lit_rows(pictures: list[np.ndarray]) -> np.ndarray:
    """Which rows of some pictures are not black in all of them: bool [height]."""
    height, width = pictures[0].shape[:2]
    lit = np.zeros(height, bool)
    for picture in pictures:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        lit |= (grey > _BLACK).sum(axis=1) >= _LIT * width
    return lit


def without_letterbox(lit: np.ndarray) -> slice:
    """Rows between the black bars at the top and bottom, of those that are lit or not.

    A row belongs to a bar if nearly every pixel is black: a face or a subtitle lights a few of
    them. Bars leave most of a picture, so a lit detail of a dark room, or a title alone, is no
    picture between bars.
    """
    bright = np.flatnonzero(lit)
    if not len(bright) or bright[-1] + 1 - bright[0] < _LEAST_LEFT * len(lit):
        return slice(None)
    return slice(int(bright[0]), int(bright[-1]) + 1)
