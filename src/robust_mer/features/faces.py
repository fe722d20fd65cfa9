"""The faces of the person whom an utterance shows, and the settings that they are found with."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from robust_mer.settings import Settings


class FacesSettings(Settings):
    """How faces are found: the section ``features.faces`` of the config."""

    frame_rate: Annotated[float, Field(ge=0.01, le=1000)] = 5.0
    """Pictures looked at per second."""
    search_every: Annotated[int, Field(ge=1, le=1000)] = 4
    """Every how many pictures the whole picture is searched for faces; 1 searches them all. Between
    two searches a face is followed: it is looked for near the place where it must be on its way
    from one to the other. Where that is not clear, the whole picture is searched."""
    min_probability: Annotated[float, Field(ge=0, le=1)] = 0.9
    """Smallest probability of a face."""
    min_face: Annotated[float, Field(ge=0.01, le=1)] = 0.1
    """Smallest face, as a fraction of the picture's shorter side."""
    min_contrast: Annotated[float, Field(ge=0, le=128)] = 2.0
    """Smallest standard deviation of a picture's brightness, of 255. A picture with less is of one
    colour; an utterance of such pictures alone has no frames."""
    margin: Annotated[float, Field(ge=0, le=2)] = 0.1
    """Added around the face's box, as a fraction of its side."""
    level_eyes: bool = True
    """Whether faces are turned until the eyes are level."""
    size: Annotated[int, Field(ge=32, le=1024)] = 160
    """Side of the crops in pixels; each extractor scales them to what its network takes."""


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
        import cv2

        for i in range(len(self.crops)) if which is None else which:
            picture = cv2.imdecode(np.frombuffer(self.crops[i], np.uint8), cv2.IMREAD_COLOR)
            if picture is None:
                raise ValueError(f"crop {i} is no picture that can be decoded")
            interpolation = cv2.INTER_AREA if size < len(picture) else cv2.INTER_LINEAR
            yield cv2.resize(picture, (size, size), interpolation=interpolation)
