"""Occlusion of the face by a box."""

from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import PictureKind
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from facenet_pytorch import MTCNN

_SMALLEST_FACE = 20  # pixels, the detector's minimum

Part = Literal["lower", "upper", "any"]


class OccludeSettings(Settings):
    """Settings of `Occlude`."""

    part: Part = "lower"
    """Place of the box: the ``lower`` (a mask, a hand, a microphone) or ``upper`` part of the face,
    over its whole width; or ``any``, a box of the face's shape at a random place on it, the same in
    all frames."""
    grey: Annotated[int, Field(ge=0, le=255)] = 0
    """Grey level of the box."""
    min_probability: Annotated[float, Field(ge=0, le=1)] = 0.9
    """Smallest probability of a detected face."""
    min_face: Annotated[float, Field(ge=0.01, le=1)] = 0.1
    """Smallest face, as a fraction of the picture's shorter side."""


class Occlude(PictureKind):
    """A box over ``amount`` percent of every face's box.

    MTCNN detects the faces in the clean picture, so that the amount does not depend on a face's
    place or size. This takes as long as the face detection of the extraction.
    """

    settings_class = OccludeSettings
    settings: OccludeSettings
    unit = "%"
    lowest, highest = 0, 100

    def corrupt(self, picture: np.ndarray, frame: int, amount: float, draws: Draws) -> np.ndarray:
        """The picture with covered faces: uint8 [h, w, 3]; unchanged if there is no face."""
        if amount == 0:
            return picture
        settings, covered = self.settings, picture.copy()
        x, y = draws.of().random(2)
        for face in _faces(picture, settings.min_probability, settings.min_face):
            left, top, right, bottom = box(face, amount, settings.part, x, y, picture.shape[:2])
            covered[top:bottom, left:right] = settings.grey
        return covered


def box(
    face: np.ndarray, amount: float, part: Part, x: float, y: float, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Left, top, right and bottom, in pixels, of the box that covers a face.

    Args:
        face: Left, top, right and bottom of the face, in pixels.
        amount: Percentage of the face to cover.
        part: See `OccludeSettings`.
        x: Place of the box between the face's left (0) and right (1) edge, for ``any``.
        y: The same between top (0) and bottom (1).
        size: Height and width of the picture, to which the face is clipped.
    """
    height, width = size
    left, right = np.clip(face[[0, 2]], 0, width)
    top, bottom = np.clip(face[[1, 3]], 0, height)
    if part == "lower":
        top = bottom - (bottom - top) * amount / 100
    elif part == "upper":
        bottom = top + (bottom - top) * amount / 100
    else:
        side = np.sqrt(amount / 100)
        w, h = side * (right - left), side * (bottom - top)
        left, top = left + x * (right - left - w), top + y * (bottom - top - h)
        right, bottom = left + w, top + h
    return round(left), round(top), round(right), round(bottom)


@cache
def _detector() -> "MTCNN":
    from facenet_pytorch import MTCNN

    return MTCNN(keep_all=True)


def _faces(picture: np.ndarray, min_probability: float, min_face: float) -> list[np.ndarray]:
    detector = _detector()
    detector.min_face_size = max(_SMALLEST_FACE, round(min_face * min(picture.shape[:2])))
    boxes, probabilities = detector.detect(np.ascontiguousarray(picture[..., ::-1]))
    if boxes is None:
        return []
    return [
        face
        for face, probability in zip(boxes.astype(float), probabilities, strict=True)
        if probability >= min_probability
    ]
