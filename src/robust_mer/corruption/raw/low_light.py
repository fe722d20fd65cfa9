"""Low light: a dark picture and the noise of the sensor."""

from typing import Annotated

import numpy as np
from pydantic import Field

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import PictureKind
from robust_mer.settings import Settings


class LowLightSettings(Settings):
    """Settings of `LowLight`."""

    read_noise: Annotated[float, Field(ge=0, le=255)] = 2.0
    """Standard deviation of the sensor's noise in the dark, in grey levels (of 255)."""
    shot_noise: Annotated[float, Field(ge=0, le=65_025)] = 20.0
    """Variance of the light's noise at full brightness, in squared grey levels. It is proportional
    to the light (photons arrive one at a time)."""


class LowLight(PictureKind):
    """A picture that keeps ``amount`` percent of its brightness, with noise."""

    settings_class = LowLightSettings
    settings: LowLightSettings
    unit = "%"
    lowest, highest = 0, 100
    of_rest = True

    def corrupt(self, picture: np.ndarray, frame: int, amount: float, draws: Draws) -> np.ndarray:
        """The dark picture: uint8 [h, w, 3].

        Every frame has different noise; at 100 percent a picture does not change.
        """
        if amount == 100:
            return picture
        read_noise, shot_noise = self.settings.read_noise, self.settings.shot_noise
        dark = picture * np.float32(amount / 100)
        deviation = np.sqrt(np.float32(read_noise**2) + np.float32(shot_noise / 255) * dark)
        noise = draws.of(frame).standard_normal(picture.shape, dtype=np.float32)
        return np.clip(np.rint(dark + deviation * noise), 0, 255).astype(np.uint8)
