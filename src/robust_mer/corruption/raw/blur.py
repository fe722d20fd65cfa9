"""Blur: a lens that is out of focus."""

import cv2
import numpy as np

from robust_mer.corruption.raw.draws import Draws


def corrupt(picture: np.ndarray, frame: int, amount: float, draws: Draws) -> np.ndarray:
    """A picture blurred by a Gaussian of ``amount`` pixels standard deviation: uint8 [h, w, 3].

    The pixels are those of the recording, whatever a face is scaled to later.
    """
    if amount == 0:
        return picture
    return cv2.GaussianBlur(picture, (0, 0), amount, borderType=cv2.BORDER_REPLICATE)
