"""Low light: a dark picture and the noise of the sensor."""

import numpy as np

from robust_mer.corruption.raw.draws import Draws

SETTINGS = {
    # Standard deviation of the sensor's own noise, in grey levels (of 255).
    "read_noise": 2.0,
    # Variance of the light's noise at full brightness, in squared grey levels; it is proportional
    # to the light (photons arrive one at a time).
    "shot_noise": 20.0,
}

LIMITS = {"read_noise": (0, 255), "shot_noise": (0, 65_025)}


def corrupt(
    picture: np.ndarray,
    frame: int,
    amount: float,
    draws: Draws,
    read_noise: float,
    shot_noise: float,
) -> np.ndarray:
    """A picture that keeps ``amount`` percent of its brightness, with noise: uint8 [h, w, 3].

    Noise is drawn anew in every frame; a picture that keeps all its light stays as it is.
    """
    if amount == 100:
        return picture
    dark = picture * np.float32(amount / 100)
    deviation = np.sqrt(np.float32(read_noise**2) + np.float32(shot_noise / 255) * dark)
    noise = draws.of(frame).standard_normal(picture.shape, dtype=np.float32)
    return np.clip(np.rint(dark + deviation * noise), 0, 255).astype(np.uint8)
