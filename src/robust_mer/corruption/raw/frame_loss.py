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
        """Numbers of the frames seen in place of the requested ones; -1 where there is none [n].

        Frozen frames repeat. Before the first one that arrives there is none.

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
            return np.where(lost[requested], -1, frames)
        visible: np.ndarray = np.maximum.accumulate(np.where(lost, -1, numbers))
        return visible[requested]
