"""Faces in videos: found, followed, turned upright and cut out."""

import math
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

import cv2
import numpy as np

from robust_mer.features.detector import Detector, Face, cut_out
from robust_mer.features.faces import Faces, FacesSettings
from robust_mer.features.tracks import between, one_person
from robust_mer.features.utterance import Utterance
from robust_mer.features.video import Clip, is_plain, lit_rows, without_letterbox

_QUALITY = 95  # of the JPEG pictures
_WIDER = 1.5  # what is cut out before it is turned; more than the square root of 2
# Pictures of a block that are searched. Results depend on it, so it is the same on all devices.
_SEARCHED = 8
_APART = 0.15  # least distance of the eyes, as a fraction of the box's side, that tells an angle


class FaceFinder:
    """Finds the face of the person whom an utterance shows.

    Args:
        settings: How faces are detected.
    """

    def __init__(self, settings: FacesSettings):
        self._rate, self._every = settings.frame_rate, settings.search_every
        self._margin, self._size = settings.margin, settings.size
        self._level_eyes, self._min_contrast = settings.level_eyes, settings.min_contrast
        self.detector = Detector(settings.min_probability, settings.min_face)
        self.weights_sha256 = self.detector.weights_sha256

    def find(self, utterance: Utterance) -> Faces:
        """The faces of one person.

        What is kept while a recording is read are compressed crops: some 200 MB for an hour.

        Raises:
            UtteranceError: the video is missing, cannot be decoded, or ends before the utterance.
        """
        clip = Clip(utterance, self._rate)
        detected, crops, plain = [], [], 0
        for picture, faces in self.follow(clip):
            detected.append(faces)
            crops.append([self._crop(picture, face) for face in faces])
            plain += is_plain(picture, self._min_contrast)
        chosen = [(i, k) for i, k in enumerate(one_person(detected)) if k is not None]
        faces = [detected[i][k] for i, k in chosen]
        return Faces(
            crops=[crops[i][k] for i, k in chosen],
            time=np.array([clip.times[i] for i, _ in chosen], np.float32),
            box=np.array([face.box for face in faces], np.float32).reshape(-1, 4),
            landmarks=np.array([face.landmarks for face in faces], np.float32).reshape(-1, 5, 2),
            probability=np.array([face.probability for face in faces], np.float32),
            looked_at=len(detected),
            seconds=clip.seconds,
            note="; ".join(_notes(detected, plain) + clip.notes),
        )

    def follow(self, pictures: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, list[Face]]]:
        """Every picture with all its faces, a block of pictures at a time in memory."""
        pictures = iter(pictures)
        last: list[Face] | None = None
        top, lit = 0, np.zeros(1, bool)
        while block := list(islice(pictures, self._every * _SEARCHED)):
            lit = lit | lit_rows(block)  # what was black in a film's title may show a face later
            rows = without_letterbox(lit)
            if last is not None and rows.start != top:
                last = [_lower(face, top - (rows.start or 0)) for face in last]
            top = rows.start or 0
            faces = self._of_block([picture[rows] for picture in block], last)
            last = faces[-1]
            for picture, faces_seen in zip(block, faces, strict=True):
                yield picture, [_lower(face, top) for face in faces_seen]

    def _of_block(self, pictures: list[np.ndarray], last: list[Face] | None) -> list[list[Face]]:
        """Faces of neighbouring pictures; ``last`` are those of the picture before them."""
        searched = sorted(
            {*range(self._every - 1, len(pictures), self._every), len(pictures) - 1}
            | ({0} if last is None else set())
        )
        detected = dict(zip(searched, self._search(pictures, searched), strict=True))
        if last is not None:
            detected[-1] = last
        expected = {}
        for before, after in pairwise(sorted(detected)):
            for i in range(before + 1, after):
                share = (i - before) / (after - before)
                boxes = between(detected[before], detected[after], share)
                if boxes is not None:
                    expected[i] = boxes
        confirmed = iter(
            self.detector.confirm(
                [pictures[i] for i, boxes in expected.items() for _ in boxes],
                np.concatenate([*expected.values(), np.zeros((0, 4))]),
            )
        )
        for i, boxes in expected.items():
            faces = [next(confirmed) for _ in boxes]
            certain = [face for face in faces if face is not None]
            if len(certain) == len(faces):
                detected[i] = certain
        unclear = [i for i in range(len(pictures)) if i not in detected]
        detected.update(zip(unclear, self._search(pictures, unclear), strict=True))
        return [detected[i] for i in range(len(pictures))]

    def _search(self, pictures: list[np.ndarray], which: list[int]) -> list[list[Face]]:
        return self.detector.search([pictures[i] for i in which])

    def _crop(self, picture: np.ndarray, face: Face) -> bytes:
        angle = eye_angle(face) if self._level_eyes else 0.0
        crop = crop_face(picture, face.box, angle, self._margin, self._size)
        _, jpeg = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        return jpeg.tobytes()


def eye_angle(face: Face) -> float:
    """Degrees by which a face must be turned, counter-clockwise, until its eyes are level.

    0 where it is seen so much from the side that the eyes do not tell.
    """
    across, down = face.landmarks[1] - face.landmarks[0]
    side = max(face.box[2] - face.box[0], face.box[3] - face.box[1])
    if across < _APART * side:
        return 0.0
    return math.degrees(math.atan2(down, across))


def crop_face(
    picture: np.ndarray, box: np.ndarray, angle: float, margin: float, size: int
) -> np.ndarray:
    """The square around a box, ``margin`` times its side larger, turned and scaled.

    Args:
        picture: uint8 [height, width, 3]; beyond it, its edge is repeated.
        box: Left, top, right, bottom.
        angle: Degrees, counter-clockwise, around the box's centre.
        margin: As a fraction of the box's longer side.
        size: Side of the result in pixels.
    """
    half = max(box[2] - box[0], box[3] - box[1]) * (1 + margin) / 2
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    wider = _WIDER if angle else 1.0
    reach = wider * half
    part_size = round(wider * size)
    part = cut_out(picture, np.array([x - reach, y - reach, x + reach, y + reach]), part_size)
    if not angle:
        return part
    centre = (part_size - 1) / 2
    turn = np.asarray(cv2.getRotationMatrix2D((centre, centre), angle, 1.0), float)
    turn[:, 2] += (size - part_size) / 2
    return cv2.warpAffine(part, turn, (size, size), borderMode=cv2.BORDER_REPLICATE)


def _lower(face: Face, rows: int) -> Face:
    """A face's place in the picture of which that many rows at the top were left out."""
    down = np.array([0, rows], np.float32)
    return Face(face.box + np.tile(down, 2), face.landmarks + down, face.probability)


def _notes(detected: list[list[Face]], plain: int) -> list[str]:
    """What to say of the faces of every picture, of which ``plain`` are of one colour."""
    notes = []
    if not any(detected):
        notes.append(f"no face found: {len(detected)} frames looked at")
    if several := sum(len(faces) > 1 for faces in detected):
        notes.append(f"several faces: in {several} of {len(detected)} frames")
    if plain:
        notes.append(f"pictures of one colour: {plain} of {len(detected)} frames")
    return notes
