"""Occlusion of the face by a box."""

from functools import cache

import numpy as np
from facenet_pytorch import MTCNN

from robust_mer.corruption.raw.draws import Draws

SETTINGS = {
    # Where the box lies: lower (a mask, a hand, a microphone) or upper part of the face, over its
    # whole width; or any: a box of the face's shape at a random place on it, the same in all
    # frames.
    "part": "lower",
    # Grey level of the box, 0 to 255.
    "grey": 0,
    # Least probability (0 to 1) of a detected face.
    "min_probability": 0.9,
    # Smallest face, as a fraction of the picture's shorter side.
    "min_face": 0.1,
}

LIMITS = {
    "part": ["lower", "upper", "any"],
    "grey": (0, 255),
    "min_probability": (0, 1),
    "min_face": (0.01, 1),
}

_SMALLEST_FACE = 20  # pixels, the detector's own limit


def corrupt(
    picture: np.ndarray,
    frame: int,
    amount: float,
    draws: Draws,
    part: str,
    grey: int,
    min_probability: float,
    min_face: float,
) -> np.ndarray:
    """A picture with ``amount`` percent of every face's box covered: uint8 [h, w, 3].

    The faces are those that MTCNN finds in the clean picture, so that the amount means the same
    wherever and however large a face is; without one, nothing is covered. It takes as long as
    extraction's own detection.
    """
    if amount == 0:
        return picture
    covered = picture.copy()
    x, y = draws.of().random(2)
    for face in _faces(picture, min_probability, min_face):
        left, top, right, bottom = box(face, amount, part, x, y, picture.shape[:2])
        covered[top:bottom, left:right] = grey
    return covered


def box(
    face: np.ndarray, amount: float, part: str, x: float, y: float, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Left, top, right and bottom, in pixels, of what covers a face.

    Args:
        face: Left, top, right and bottom of the face.
        amount: Percent of the face that is covered.
        part: See ``SETTINGS``.
        x: Place of the box between the face's left (0) and right (1) edge, for ``any``.
        y: The same between top (0) and bottom (1).
        size: Height and width of the picture; what lies outside it cannot be covered.
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
def _detector() -> MTCNN:
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
