"""MTCNN: faces in pictures, and whether a face is where one is expected.

K. Zhang et al., "Joint face detection and alignment using multitask cascaded convolutional
networks", IEEE Signal Processing Letters 23(10), 2016. The weights are those that facenet-pytorch
carries.
"""

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from facenet_pytorch import MTCNN

from robust_mer.features.device import best_device
from robust_mer.features.weights import locate
from robust_mer.files import sha256

_WEIGHTS, _NETWORKS = "package:facenet_pytorch/data", ("pnet", "rnet", "onet")
_SMALLEST = 20  # pixels, MTCNN's own limit
_ENOUGH = 48  # pixels of a face that its last network looks at; larger pictures are scaled down
_LAST = 48  # side of that network's input
_AT_ONCE = {"cpu": 8, "cuda": 32}  # pictures; on a CPU, more takes memory and gains no speed


@dataclass(frozen=True)
class Face:
    """A face in a picture."""

    box: np.ndarray  # left, top, right, bottom in pixels, float32
    landmarks: np.ndarray  # [5, 2]: eyes (left in the picture first), nose, corners of the mouth
    probability: float

    def area(self) -> float:
        """Of the box, in pixels."""
        return area(self.box)


class Detector:
    """Finds faces.

    Args:
        min_probability: Least probability of a face.
        min_face: Smallest face, as a fraction of a picture's shorter side.
    """

    def __init__(self, min_probability: float, min_face: float):
        device = best_device()
        self._min_probability = min_probability
        self._min_face = min_face
        # On a CPU, torch's pooling is several times faster with the channels last.
        self._cascade = MTCNN(keep_all=True, device=device).to(memory_format=torch.channels_last)
        self._device = device
        self._at_once = _AT_ONCE[device.type]
        digests = [sha256(locate(f"{_WEIGHTS}/{net}.pt", "MTCNN")) for net in _NETWORKS]
        self.weights_sha256 = hashlib.sha256("".join(digests).encode()).hexdigest()
        """SHA-256 of those of its three networks, one after the other."""

    def search(self, pictures: list[np.ndarray]) -> list[list[Face]]:
        """All faces of each of the pictures, BGR uint8 of one size; too small ones have none."""
        faces = []
        for first in range(0, len(pictures), self._at_once):
            faces += self._search(pictures[first : first + self._at_once])
        return faces

    def _search(self, pictures: list[np.ndarray]) -> list[list[Face]]:
        height, width = pictures[0].shape[:2]
        if min(height, width) < _SMALLEST:
            return [[] for _ in pictures]
        smallest = max(_SMALLEST, round(self._min_face * min(height, width)))
        scale = min(1.0, _ENOUGH / smallest)
        if scale < 1:
            size = round(width * scale), round(height * scale)
            pictures = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in pictures]
        self._cascade.min_face_size = max(_SMALLEST, round(smallest * scale))
        stacked = np.stack(pictures)[..., ::-1]
        boxes, probabilities, landmarks = self._cascade.detect(
            np.ascontiguousarray(stacked), landmarks=True
        )
        faces = []
        for of_one, certainties, marks in zip(boxes, probabilities, landmarks, strict=True):
            several = () if of_one is None else zip(of_one, certainties, marks, strict=True)
            faces.append(
                [
                    _face(box / scale, points / scale, probability)
                    for box, probability, points in several
                    if probability >= self._min_probability
                ]
            )
        return faces

    def confirm(self, pictures: list[np.ndarray], boxes: np.ndarray) -> list[Face | None]:
        """The face at each of the boxes [N, 4], one a picture, by MTCNN's last network alone.

        It corrects a box that is near a face and says how likely it holds one; None where that is
        less than the least probability.
        """
        if not len(boxes):
            return []
        squares = np.array([_square(box) for box in boxes])
        parts = [
            cut_out(picture, square, _LAST)[..., ::-1]
            for picture, square in zip(pictures, squares, strict=True)
        ]
        x = torch.from_numpy(np.stack(parts)).to(self._device).permute(0, 3, 1, 2).float()
        with torch.inference_mode():
            moves, points, sure = (y.cpu().numpy() for y in self._cascade.onet((x - 127.5) / 128))
        side = (squares[:, 2] - squares[:, 0])[:, None]
        corrected = squares + moves * side
        marks = np.stack([points[:, :5], points[:, 5:]], axis=2) * side[:, None]
        marks += squares[:, None, :2]
        return [
            _face(box, mark, p) if p >= self._min_probability else None
            for box, mark, p in zip(corrected, marks, sure[:, 1], strict=True)
        ]


def area(box: np.ndarray) -> float:
    """Of a box: left, top, right, bottom."""
    return float(max(box[2] - box[0], 0) * max(box[3] - box[1], 0))


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boxes."""
    shared = area(np.concatenate([np.maximum(one, other)[:2], np.minimum(one, other)[2:]]))
    return shared / max(area(one) + area(other) - shared, 1e-9)


def cut_out(picture: np.ndarray, square: np.ndarray, size: int) -> np.ndarray:
    """A square part of a picture, scaled: uint8 [size, size, ...].

    What lies outside the picture repeats its edge.
    """
    side = max(1, round(float(square[2] - square[0])))
    x, y = (round((square[i] + square[i + 2] - side) / 2) for i in (0, 1))
    height, width = picture.shape[:2]
    left, top = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    right, bottom = max(min(x + side, width), left + 1), max(min(y + side, height), top + 1)
    part = picture[top:bottom, left:right]
    beyond = top - y, y + side - bottom, left - x, x + side - right
    if any(beyond):
        above, below, before, after = (max(0, n) for n in beyond)
        part = cv2.copyMakeBorder(part, above, below, before, after, cv2.BORDER_REPLICATE)
    return cv2.resize(
        part, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    )


def _face(box: np.ndarray, landmarks: np.ndarray, probability: float) -> Face:
    return Face(box.astype(np.float32), landmarks.astype(np.float32), float(probability))


def _square(box: np.ndarray) -> np.ndarray:
    """The square around a box, with its centre."""
    half = max(box[2] - box[0], box[3] - box[1]) / 2
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return np.array([x - half, y - half, x + half, y + half])
