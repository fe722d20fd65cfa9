"""Blur, as of a lens that is out of focus."""

import numpy as np

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import PictureKind


class Blur(PictureKind):
    """A Gaussian blur with a standard deviation of ``amount`` pixels of the recording."""

    unit = "px"
    lowest, highest = 0, 100

    def corrupt(self, picture: np.ndarray, frame: int, amount: float, draws: Draws) -> np.ndarray:
        """The blurred picture: uint8 [h, w, 3]."""
        import cv2

        if amount == 0:
            return picture
        return cv2.GaussianBlur(picture, (0, 0), amount, borderType=cv2.BORDER_REPLICATE)
