"""Low resolution, as of a small camera or a lossy codec."""

import numpy as np

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import PictureKind


class LowResolution(PictureKind):
    """A picture scaled down to ``amount`` percent of its width and height and up again."""

    unit = "%"
    lowest, highest = 1, 100
    of_rest = True

    def corrupt(self, picture: np.ndarray, frame: int, amount: float, draws: Draws) -> np.ndarray:
        """The coarse picture: uint8 [h, w, 3]."""
        import cv2

        height, width = picture.shape[:2]
        small = [max(1, round(side * amount / 100)) for side in (width, height)]
        if small == [width, height]:
            return picture
        return cv2.resize(
            cv2.resize(picture, small, interpolation=cv2.INTER_AREA),
            (width, height),
            interpolation=cv2.INTER_LINEAR,
        )
