"""Faces for the demo corpus: one public-domain photograph, warped to ten looks and to expressions.

The photograph is NASA's portrait of Eileen Collins, as scikit-image carries it. All positions are
pixels of that picture (512 x 512), x to the right and y down; left and right are the picture's.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from skimage import data

HALF_WIDTH, HALF_HEIGHT = 180, 128  # of one actor's half of the picture, in pixels

_FACE = (225, 115)  # middle of the face
_NECK = (225, 190)  # what the head turns about
# The part of the photograph that expressions move: x from, y from, x to, y to.
_BOX = (160, 50, 290, 200)
# The landmarks, read off the photograph; MTCNN puts the eyes, nose and mouth corners within 3 px.
_LANDMARKS = {
    "brow_left_out": (190, 90.5),
    "brow_left_mid": (200, 88.5),
    "brow_left_in": (213, 92.5),
    "brow_right_in": (237, 93.5),
    "brow_right_mid": (250, 92.5),
    "brow_right_out": (262, 96),
    "eye_left_out": (193, 100.5),
    "eye_left_in": (213, 103),
    "eye_right_in": (236, 104.5),
    "eye_right_out": (259, 103.5),
    "lid_left_up": (203.5, 97.5),
    "lid_left_low": (203.5, 105),
    "lid_right_up": (246.5, 99.5),
    "lid_right_low": (246.5, 107),
    "nose_bridge": (225, 106),
    "nose_tip": (224, 127),
    "nose_left": (212, 130.5),
    "nose_right": (236, 131),
    "cheek_left": (198, 132),
    "cheek_right": (249, 134),
    "corner_left": (202, 139),
    "corner_right": (244.5, 141),
    "lip_up": (222, 138.5),
    "teeth_up_left": (212, 141.5),
    "teeth_up": (222, 143.5),
    "teeth_up_right": (234, 143),
    "teeth_low_left": (211, 147),
    "teeth_low": (222, 149.5),
    "teeth_low_right": (234, 147.5),
    "lip_low_left": (210, 150),
    "lip_low": (222, 155),
    "lip_low_right": (236, 151),
    "chin": (222, 176),
    "jaw_left": (192, 162),
    "jaw_right": (254, 162),
    "side_left": (181, 120),
    "side_right": (270, 122),
}
# How far each landmark moves (dx, dy), from the smile of the photograph to a resting face, ...
_REST = {
    "corner_left": (3.5, 5),
    "corner_right": (-3.5, 4),
    "cheek_left": (1, 2),
    "cheek_right": (-1, 2),
    "lip_up": (0, 1),
    "teeth_up_left": (0.5, 2),
    "teeth_up": (0, 0.3),
    "teeth_up_right": (-0.5, 0.8),
    "teeth_low_left": (1.5, -2),
    "teeth_low": (0, -4.2),
    "teeth_low_right": (-0.5, -2.2),
    "lip_low_left": (2, 0),
    "lip_low": (0, -3),
    "lip_low_right": (-2, 0),
}
# ... and from there by one unit of each movement.
_MOVEMENTS: dict[str, dict[str, tuple[float, float]]] = {
    "corners": {  # up and out; negative: down
        "corner_left": (-3, -5),
        "corner_right": (3, -5),
        "teeth_up_left": (-1, -1.5),
        "teeth_up_right": (1, -1.5),
        "teeth_low_left": (-1, -1.5),
        "teeth_low_right": (1, -1.5),
        "cheek_left": (-1, -2.5),
        "cheek_right": (1, -2.5),
        "lid_left_low": (0, -0.8),
        "lid_right_low": (0, -0.8),
    },
    "jaw": {  # the mouth opens
        "lip_up": (0, -1),
        "teeth_up": (0, -1),
        "teeth_up_left": (0, -0.7),
        "teeth_up_right": (0, -0.7),
        "teeth_low_left": (0, 5),
        "teeth_low": (0, 7),
        "teeth_low_right": (0, 5),
        "lip_low_left": (0, 5.5),
        "lip_low": (0, 7.5),
        "lip_low_right": (0, 5.5),
        "corner_left": (1.5, 1),
        "corner_right": (-1.5, 1),
        "chin": (0, 7),
        "jaw_left": (0, 3.5),
        "jaw_right": (0, 3.5),
    },
    "brows": {  # up; negative: down
        "brow_left_out": (0, -3.5),
        "brow_left_mid": (0, -4.5),
        "brow_left_in": (0, -3.5),
        "brow_right_in": (0, -3.5),
        "brow_right_mid": (0, -4.5),
        "brow_right_out": (0, -3.5),
    },
    "slant": {  # inner ends of the brows up, outer ends down; negative: knit and down
        "brow_left_out": (0, 2),
        "brow_left_in": (0.8, -3),
        "brow_right_in": (-0.8, -3),
        "brow_right_out": (0, 2),
        "nose_bridge": (0, -1),
    },
    "lids": {  # wide open; -1: nearly shut
        "lid_left_up": (0, -2),
        "lid_right_up": (0, -2),
        "lid_left_low": (0, 1),
        "lid_right_low": (0, 1),
    },
}
MOVEMENTS = tuple(_MOVEMENTS)

_NONE: Any = None  # cv2 takes it for the second map, its stubs do not


def _shifts(moved: dict[str, tuple[float, float]]) -> np.ndarray:
    return np.array([moved.get(name, (0, 0)) for name in _LANDMARKS], dtype=np.float32)


_POINTS = np.array(list(_LANDMARKS.values()), dtype=np.float32)
_REST_SHIFT = _shifts(_REST)
_MOVEMENT_SHIFTS = np.stack([_shifts(moved) for moved in _MOVEMENTS.values()])


def _edge_points(every: int) -> np.ndarray:
    """Points round the edge of the box, which stay where they are."""
    left, top, right, bottom = _BOX
    edge = [(x, y) for x in range(left, right + 1, every) for y in (top, bottom)]
    edge += [(x, y) for y in range(top + every, bottom, every) for x in (left, right)]
    return np.array(edge, dtype=np.float32)


_EDGE_POINTS = _edge_points(every=30)
# The spline is computed at the middle of every square of five by five pixels and interpolated
# between them.
_GRID = np.stack(
    np.meshgrid(np.arange(_BOX[0] + 2, _BOX[2], 5), np.arange(_BOX[1] + 2, _BOX[3], 5)), axis=-1
).astype(np.float32)
_GRID_SHAPE = _GRID.shape
_GRID = _GRID.reshape(-1, 2)


@dataclass(frozen=True)
class Look:
    """What tells one actor's picture from another's."""

    mirrored: bool
    scale: float  # pixels on the screen for one of the photograph
    place: tuple[float, float]  # of the face in the half picture, in pixels
    tint: tuple[float, float, float]  # gains of blue, green and red
    gamma: float  # above 1: darker
    width: float  # of the face at the eyes, 1 as in the photograph
    jaw: float  # width of the face at the chin, 1 as in the photograph
    rest: tuple[float, ...]  # MOVEMENTS at rest


@dataclass
class Pose:
    """What an actor does in one frame."""

    movements: np.ndarray  # units of each of MOVEMENTS, from the actor's rest
    shift: tuple[float, float] = (0, 0)  # of the head, in pixels of the photograph
    tilt: float = 0  # of the head, in radians
    covered: bool = False  # a sheet of paper is held before the face


class Actor:
    """One actor, drawn pose by pose."""

    def __init__(self, look: Look) -> None:
        photograph = np.power(data.astronaut()[:, :, ::-1] / 255.0, look.gamma) * look.tint
        self._photograph = (photograph.clip(0, 1) * 255).astype(np.uint8)
        self._look = look
        downwards = ((_POINTS[:, 1] - 100) / 76).clip(0, 1)  # 0 at the eyes, 1 at the chin
        widening = (look.width - 1) * (1 - downwards) + (look.jaw - 1) * downwards
        self._shape_shift = np.zeros_like(_POINTS)
        self._shape_shift[:, 0] = (_POINTS[:, 0] - _FACE[0]) * widening
        self._bent_for: np.ndarray | None = None
        self._bent_photograph = self._photograph

        columns, rows = np.meshgrid(np.arange(HALF_WIDTH), np.arange(HALF_HEIGHT))
        x = (columns - look.place[0]) / look.scale * (-1 if look.mirrored else 1) + _FACE[0]
        y = (rows - look.place[1]) / look.scale + _FACE[1]
        self._source = np.stack([x, y], axis=-1).astype(np.float32)
        # The head moves as a whole, shoulders and background not at all, the neck a little.
        distance = np.hypot((x - _FACE[0]) / 110, (y - _FACE[1] + 10) / 120)
        head = np.square(np.sin(np.pi / 2 * ((1.15 - distance) / 0.5).clip(0, 1)))
        self._head = head[:, :, None].astype(np.float32)
        self._lever = np.stack([_NECK[1] - y, x - _NECK[0]], axis=-1).astype(np.float32)

    def draw(self, pose: Pose) -> np.ndarray:
        """Return the actor's half of a frame: uint8 [HALF_HEIGHT, HALF_WIDTH, 3], BGR."""
        moved = np.array(pose.shift, np.float32) + np.float32(pose.tilt) * self._lever
        source = self._source - self._head * moved
        picture = cv2.remap(
            self._bent(pose.movements), source, _NONE, cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT
        )
        if pose.covered:
            self._cover(picture)
        return picture

    def _bent(self, movements: np.ndarray) -> np.ndarray:
        """The photograph with the actor's face making ``movements``."""
        movements = movements + np.array(self._look.rest, np.float32)
        lips = MOVEMENTS.index("jaw")
        movements[lips] = max(movements[lips], 0)  # they close, but do not pass through each other
        if self._bent_for is not None and np.array_equal(movements, self._bent_for):
            return self._bent_photograph
        shift = _REST_SHIFT + self._shape_shift + np.tensordot(movements, _MOVEMENT_SHIFTS, 1)
        # A thin plate spline from where landmarks are moved to, back to where the photograph has
        # them. It has no affine part, as the edge stays.
        knots = np.concatenate([_POINTS + shift, _EDGE_POINTS]).astype(np.float32)
        back = np.concatenate([-shift, np.zeros_like(_EDGE_POINTS)])
        weights = np.linalg.solve(_bending(knots, knots).astype(float), back).astype(np.float32)
        coarse = (_GRID + _bending(_GRID, knots) @ weights).reshape(_GRID_SHAPE)
        left, top, right, bottom = _BOX
        source = cv2.resize(coarse, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        bent = self._photograph.copy()
        bent[top:bottom, left:right] = cv2.remap(
            self._photograph, source, _NONE, cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT
        )
        self._bent_for, self._bent_photograph = movements, bent
        return bent

    def _cover(self, picture: np.ndarray) -> None:
        x, y = (round(value) for value in self._look.place)
        width, height = round(62 * self._look.scale), round(75 * self._look.scale)
        cv2.rectangle(
            picture, (x - width, y - height), (x + width, y + height), (205, 215, 218), -1
        )
        for line in range(y - height + 6, y + height - 4, 5):
            cv2.line(picture, (x - width + 5, line), (x + width - 7, line), (120, 120, 125), 1)


def _bending(points: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """The thin plate spline's r^2 log r^2 between [P, 2] points and [K, 2] knots."""
    squared = np.square(points[:, None, 0] - knots[:, 0])
    squared += np.square(points[:, None, 1] - knots[:, 1])
    return squared * np.log(squared + np.float32(1e-6))
