"""Labels of points that overlap neither each other nor the points."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in points."""

_ANGLES = (25, -25, 155, -155, 90, -90, 55, -55, 125, -125, 0, 180)
_DIRECTIONS = [(math.cos(math.radians(angle)), math.sin(math.radians(angle))) for angle in _ANGLES]
_NEAREST, _STEP, _RINGS = 5.0, 6.0, 60
_POINT = 3.0


def add_labels(
    figure: "Figure", labels: "Sequence[tuple[Axes, Sequence[tuple[float, float, str]]]]"
) -> None:
    """Write a name beside every point, at the nearest place that is free.

    Args:
        figure: Complete but for the labels: the places depend on where its panels are.
        labels: By panel, its points (x, y, name) in the coordinates of the data.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    points_per_pixel = 72 / figure.dpi
    for axes, named in labels:
        window = axes.get_window_extent()
        left, low, right, top = (value * points_per_pixel for value in window.extents)
        frame = left, low, right, top
        across = np.array([point[:2] for point in named], dtype=float).reshape(-1, 2)
        places = (axes.transData.transform(across) * points_per_pixel).tolist()
        taken: list[Box] = [(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in places]
        for (x, y, name), place in sorted(zip(named, places, strict=True), key=lambda p: p[0][:2]):
            text = axes.annotate(
                name, (x, y), xytext=(0, 0), textcoords="offset points", va="bottom"
            )
            size = text.get_window_extent()
            box = _free(
                place, size.width * points_per_pixel, size.height * points_per_pixel, taken, frame
            )
            taken.append(box)
            text.set_position((box[0] - place[0], box[1] - place[1]))
            near = np.clip(place, box[:2], box[2:])
            if np.linalg.norm(near - place) > _NEAREST + _STEP:
                axes.annotate(
                    "",
                    (x, y),
                    xytext=tuple(near - place),
                    textcoords="offset points",
                    arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.6},
                )


def _free(
    place: Sequence[float], width: float, height: float, taken: Sequence[Box], frame: Box
) -> Box:
    """The nearest box of a size beside a place that is free and within the frame."""
    boxes = (
        _beside(place, width, height, _NEAREST + ring * _STEP, direction)
        for ring in range(_RINGS)
        for direction in _DIRECTIONS
    )
    free = (
        box
        for box in boxes
        if _is_inside(box, frame) and not any(_meet(box, other) for other in taken)
    )
    return next(free, _beside(place, width, height, _NEAREST, _DIRECTIONS[0]))


def _beside(
    place: Sequence[float],
    width: float,
    height: float,
    distance: float,
    direction: tuple[float, float],
) -> Box:
    """A box whose nearest side is at a distance from a place, in some direction."""
    across, up = direction
    left = place[0] + across * distance - width * (1 - across) / 2
    low = place[1] + up * distance - height * (1 - up) / 2
    return left, low, left + width, low + height


def _is_inside(box: Box, frame: Box) -> bool:
    return box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
