"""Loss of frames in a transmission of video."""

import numpy as np

from robust_mer.corruption.raw.draws import Draws

SETTINGS = {
    # What is seen in place of a lost frame: freeze (the last one that arrived) or drop (nothing).
    "concealment": "freeze",
}

LIMITS = {"concealment": ["freeze", "drop"]}


def corrupt(frames: np.ndarray, amount: float, draws: Draws, concealment: str) -> np.ndarray:
    """Which frames are seen where each frame is lost with ``amount`` percent probability.

    Whether a frame is lost hangs on its number alone, not on how many a second are looked at.

    Args:
        frames: Numbers of the frames that are asked for, rising.
        amount: Percent.
        draws: Its random numbers.
        concealment: See ``SETTINGS``.

    Returns:
        Numbers of the frames that are seen; frozen ones come again. Frames before the first one
        that arrives are left out.
    """
    if not len(frames):
        return frames
    every = np.arange(frames[0], frames[-1] + 1)
    lost = np.array([draws.of(int(frame)).random() < amount / 100 for frame in every], bool)
    asked = frames - frames[0]
    if concealment == "drop":
        return frames[~lost[asked]]
    seen = np.maximum.accumulate(np.where(lost, -1, every))[asked]
    return seen[seen >= 0]
