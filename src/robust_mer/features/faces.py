"""The speaker's face in a recording: sampled pictures, a detector, grey crops."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from facenet_pytorch import MTCNN

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.utterance import Utterance

_BATCH = 8  # pictures that the detector sees at once; more takes memory and gains no speed
_MAY_LACK = 0.5  # seconds that a recording may end before the index says; annotators round
_BLACK = 16  # mean brightness, of 255, up to which a row at the edge belongs to the letterbox
_SMALLEST_FACE = 20  # pixels, the detector's own limit

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
cv2.setNumThreads(1)  # the extraction's processes fill the cores


@dataclass(frozen=True)
class Faces:
    """The faces of one utterance, in the order of time."""

    crops: np.ndarray  # uint8 [T, size, size]
    looked_at: int  # pictures examined
    seconds: float


class FaceReader:
    """Finds the speaker's face in the pictures of an utterance.

    The detector is MTCNN with the weights that facenet-pytorch carries: K. Zhang et al., "Joint
    face detection and alignment using multitask cascaded convolutional networks", IEEE Signal
    Processing Letters 23(10), 2016.
    """

    def __init__(self, settings: dict, size: int):
        """Load the detector.

        Args:
            settings: ``frame_rate`` (pictures looked at per second), ``min_probability`` (of a
                detection), ``min_face`` (smallest face, as a fraction of the picture's shorter
                side) and ``margin`` (added around the detected box, as a fraction of its side).
            size: Side of the crops in pixels.

        Raises:
            InputError: a setting is out of its range.
        """
        for key, low, high in (
            ("frame_rate", 0.01, 1000),
            ("min_probability", 0, 1),
            ("min_face", 0.01, 1),
            ("margin", 0, 2),
        ):
            if not low <= settings[key] <= high:
                raise InputError(
                    f"config: {key} of the face crops is {settings[key]:g}, "
                    f"expected {low:g} to {high:g}"
                )
        self._rate = float(settings["frame_rate"])
        self._min_probability = settings["min_probability"]
        self._min_face = settings["min_face"]
        self._margin = settings["margin"]
        self._size = size
        self._detector = MTCNN(keep_all=True)

    def read(self, utterance: Utterance) -> Faces:
        """Crops of the speaker's face; pictures without a face are left out.

        Where a picture shows several faces, the one nearest to where the largest face usually is
        in this utterance is taken.

        Raises:
            UtteranceError: the video is missing, cannot be decoded, or ends before the utterance.
        """
        clip = Clip(utterance, self._rate)
        pictures = iter(clip)
        rows = slice(None)
        looked_at, found = 0, []
        while batch := list(islice(pictures, _BATCH)):
            if not looked_at:
                rows = _without_letterbox(batch)
            looked_at += len(batch)
            found += self._detect(np.stack([picture[rows] for picture in batch]))
        found = [candidates for candidates in found if candidates]
        crops = np.zeros((0, self._size, self._size), np.uint8)
        if found:
            usual = np.median([max(seen, key=_Face.area).box for seen in found], axis=0)
            chosen = [
                max(seen, key=lambda face: (face.overlap(usual), face.area())) for seen in found
            ]
            crops = np.stack([face.crop for face in chosen])
        return Faces(crops, looked_at, clip.seconds)

    def _detect(self, pictures: np.ndarray) -> "list[list[_Face]]":
        """Faces in each of the pictures, BGR uint8 [N, height, width, 3]."""
        shorter = min(pictures.shape[1:3])
        self._detector.min_face_size = max(_SMALLEST_FACE, round(self._min_face * shorter))
        boxes, probabilities = self._detector.detect(np.ascontiguousarray(pictures[..., ::-1]))
        found = []
        for picture, around, sure in zip(pictures, boxes, probabilities, strict=True):
            if around is None:
                found.append([])
                continue
            grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
            found.append(
                [
                    _Face(box, crop_square(grey, box, self._margin, self._size))
                    for box, probability in zip(around.astype(float), sure, strict=True)
                    if probability >= self._min_probability
                ]
            )
        return found


@dataclass(frozen=True)
class _Face:
    box: np.ndarray  # left, top, right, bottom in pixels
    crop: np.ndarray  # uint8 [size, size]

    def area(self) -> float:
        return _area(self.box)

    def overlap(self, box: np.ndarray) -> float:
        """Intersection over union with another box."""
        shared = _area(
            np.concatenate([np.maximum(self.box, box)[:2], np.minimum(self.box, box)[2:]])
        )
        return shared / (self.area() + _area(box) - shared)


def _area(box: np.ndarray) -> float:
    return float(max(box[2] - box[0], 0) * max(box[3] - box[1], 0))


def crop_square(grey: np.ndarray, box: np.ndarray, margin: float, size: int) -> np.ndarray:
    """Square around a box, ``margin`` times its side larger, scaled: uint8 [size, size].

    What lies outside the picture repeats its edge.
    """
    left, top, right, bottom = box
    side = max(1, round(max(right - left, bottom - top) * (1 + margin)))
    x, y = round((left + right - side) / 2), round((top + bottom - side) / 2)
    beyond = max(0, -x, -y, x + side - grey.shape[1], y + side - grey.shape[0])
    if beyond:
        grey = cv2.copyMakeBorder(grey, *[beyond] * 4, cv2.BORDER_REPLICATE)
    face = grey[y + beyond : y + beyond + side, x + beyond : x + beyond + side]
    shrinks = side > size
    return cv2.resize(
        face, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )


class Clip:
    """The pictures of an utterance at a fixed rate: BGR uint8 [height, width, 3] each.

    Every visual extractor reads through here, so that a corruption of recordings reaches it. Only
    the utterance's own part of the recording is decoded. Sampled faster than it was recorded, a
    picture is repeated.
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
        self._region = utterance.region
        self._end = end
        self.seconds = end - start
        times = start + np.arange(math.ceil(self.seconds * rate - 1e-6)) / rate
        self._wanted = np.floor(times * self._fps + 1e-6).astype(int)
        if utterance.alter_frames is not None:
            self._wanted = utterance.alter_frames(self._wanted)
        self._alter_picture = utterance.alter_picture

    def __iter__(self) -> Iterator[np.ndarray]:
        if not len(self._wanted):
            return
        position = int(self._wanted[0])
        self._video.set(cv2.CAP_PROP_POS_FRAMES, position)
        picture = None
        for wanted in self._wanted:
            while position <= wanted:
                if not self._video.grab():
                    self._check_end(position)
                    return
                position += 1
                if position > wanted:
                    decoded, whole_picture = self._video.retrieve()
                    if not decoded:
                        raise UtteranceError("video cannot be decoded")
                    picture = crop_region(whole_picture, self._region)
                    if self._alter_picture is not None:
                        picture = self._alter_picture(picture, int(wanted))
            yield picture

    def _check_end(self, position: int) -> None:
        if position == self._wanted[0]:
            raise UtteranceError("video cannot be decoded")
        lacking = self._end - position / self._fps
        if lacking > _MAY_LACK:
            raise UtteranceError(
                f"video too short: it ends {lacking:.2f} s before the utterance does"
            )


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


def _without_letterbox(pictures: list[np.ndarray]) -> slice:
    """Rows between the black bars at the top and bottom that all the pictures share."""
    brightness = np.max([picture.mean(axis=(1, 2)) for picture in pictures], axis=0)
    bright = np.flatnonzero(brightness > _BLACK)
    return slice(bright[0], bright[-1] + 1) if len(bright) else slice(None)
