"""Loss of frames in a transmission of video."""

from typing import Literal

import numpy as np

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import FramesKind
from robust_mer.settings import Settings


class FrameLossSettings(Settings):
    """Settings of `FrameLoss`."""

    concealment: Literal["freeze", "drop"] = "freeze"
    """What replaces a lost frame: the last one that arrived (``freeze``) or nothing (``drop``)."""


class FrameLoss(FramesKind):
    """Each frame is lost with ``amount`` percent probability.

    Whether a frame is lost depends on its number, not on the rate at which frames are read.
    """

    settings_class = FrameLossSettings
    settings: FrameLossSettings
    unit = "%"
    lowest, highest = 0, 100

    def corrupt(self, frames: np.ndarray, amount: float, draws: Draws) -> np.ndarray:
        """Numbers of the visible frames; frozen ones repeat.

        Frames before the first one that arrives are left out.

        Args:
            frames: Numbers of the requested frames, ascending.
            amount: Percentage of lost frames.
            draws: Source of the random numbers.
        """
        if not len(frames):
            return frames
        numbers = np.arange(frames[0], frames[-1] + 1)
        lost = np.array([draws.of(int(frame)).random() < amount / 100 for frame in numbers], bool)
        requested = frames - frames[0]
        if self.settings.concealment == "drop":
            return frames[~lost[requested]]
        visible = np.maximum.accumulate(np.where(lost, -1, numbers))[requested]
        return visible[visible >= 0]
