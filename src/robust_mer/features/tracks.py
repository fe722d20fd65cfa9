"""Faces followed from picture to picture, and the one person whom an utterance shows."""

from collections.abc import Sequence

import numpy as np

from robust_mer.features.detector import Face, overlap

_SAME = 0.3  # least overlap of a person's boxes in two pictures that are looked at
_COMPARABLE = 0.25  # least area of a face beside the person's usual one


def between(before: list[Face], after: list[Face], share: float) -> np.ndarray | None:
    """Where faces should be between two pictures: boxes [N, 4] on the straight line.

    Args:
        before: Faces of the earlier picture.
        after: Those of the later one.
        share: Time since the earlier picture, as a fraction of the time between the two.

    Returns:
        None where the two do not show the same number of faces, each not farther than its own
        side from where it was.
    """
    if len(before) != len(after) or not before:
        return None
    boxes, left = [], list(after)
    for face in before:
        nearest = min(left, key=lambda other: _distance(face, other))
        if _distance(face, nearest) > _side(face):
            return None
        left = [other for other in left if other is not nearest]
        boxes.append((1 - share) * face.box + share * nearest.box)
    return np.array(boxes)


def one_person(detected: Sequence[list[Face]]) -> list[int | None]:
    """Which of the faces in each picture is that of the person whom an utterance shows.

    That is the one whose face is seen longest and largest: the sides of its boxes are added up.
    Where the same person is seen again at another place, behind a cut or a turn, faces of a
    comparable size count that are never seen beside those chosen before.

    Args:
        detected: The faces of every picture, in the order of time.

    Returns:
        A place in each of the lists; None where the person is not seen.
    """
    chosen: list[int | None] = [None] * len(detected)
    usual = 0.0
    for track in sorted(_tracks(detected), key=lambda t: -sum(_side(detected[i][k]) for i, k in t)):
        size = float(np.median([detected[i][k].area() for i, k in track]))
        if size < _COMPARABLE * usual or any(chosen[i] is not None for i, _ in track):
            continue
        usual = usual or size
        for i, k in track:
            chosen[i] = k
    return chosen


def _tracks(detected: Sequence[list[Face]]) -> list[list[tuple[int, int]]]:
    """(picture, place) of the faces that follow one another at about the same place."""
    tracks: list[list[tuple[int, int]]] = []
    ends: list[np.ndarray] = []  # the last box of each
    for i, faces in enumerate(detected):
        pairs = sorted(
            (
                (overlap(end, face.box), t, k)
                for t, end in enumerate(ends)
                for k, face in enumerate(faces)
            ),
            reverse=True,
        )
        free, taken = set(range(len(ends))), set()
        for shared, t, k in pairs:
            if shared >= _SAME and t in free and k not in taken:
                tracks[t].append((i, k))
                ends[t] = faces[k].box
                free.remove(t)
                taken.add(k)
        for k, face in enumerate(faces):
            if k not in taken:
                tracks.append([(i, k)])
                ends.append(face.box)
    return tracks


def _side(face: Face) -> float:
    return float(np.sqrt(face.area()))


def _distance(one: Face, other: Face) -> float:
    """Between the centres, in pixels."""
    apart = (one.box - other.box).reshape(2, 2).mean(axis=0)
    return float(np.hypot(*apart))
