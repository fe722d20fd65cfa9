"""The faces of the person whom an utterance shows, and the settings that they are found with."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

SETTINGS = {
    # Pictures looked at per second.
    "frame_rate": 5.0,
    # Every how many of them are searched for faces. Between two of these a face is followed: it is
    # looked for near where it must be on its way from one to the other, and where that is not
    # clear the whole picture is searched. 1 searches them all.
    "search_every": 4,
    # Least probability (0 to 1) of a face.
    "min_probability": 0.9,
    # Smallest face, as a fraction of the picture's shorter side.
    "min_face": 0.1,
    # Added around the face's box, as a fraction of its side.
    "margin": 0.1,
    # Whether faces are turned until the eyes are level.
    "level_eyes": True,
    # Side of the crops in pixels; each extractor scales them to what its network takes.
    "size": 160,
}

LIMITS = {
    "frame_rate": (0.01, 1000),
    "search_every": (1, 1000),
    "min_probability": (0, 1),
    "min_face": (0.01, 1),
    "margin": (0, 2),
    "size": (32, 1024),
}


@dataclass(frozen=True)
class Faces:
    """The faces of one person in one utterance, in the order of time.

    Pictures in which the person is not seen are left out; ``time`` tells where.
    """

    crops: list[bytes]  # JPEG
    time: np.ndarray  # float32 [T], seconds since the beginning of the utterance
    box: np.ndarray  # float32 [T, 4]: left, top, right, bottom in pixels of the picture searched
    landmarks: np.ndarray  # float32 [T, 5, 2]: eyes, nose, corners of the mouth
    probability: np.ndarray  # float32 [T]
    looked_at: int  # pictures examined
    seconds: float
    note: str = ""

    def pictures(self, size: int, which: Iterable[int] | None = None) -> Iterator[np.ndarray]:
        """The crops, or ``which`` of them, scaled: BGR uint8 [size, size, 3]."""
        for i in range(len(self.crops)) if which is None else which:
            picture = cv2.imdecode(np.frombuffer(self.crops[i], np.uint8), cv2.IMREAD_COLOR)
            how = cv2.INTER_AREA if size < len(picture) else cv2.INTER_LINEAR
            yield cv2.resize(picture, (size, size), interpolation=how)
