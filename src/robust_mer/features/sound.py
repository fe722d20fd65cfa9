"""What counts as sound: the settings of every acoustic extractor, and how a signal is judged."""

import math
from typing import Annotated

import numpy as np
from pydantic import Field

from robust_mer.errors import NothingError, UtteranceError
from robust_mer.settings import Settings

_FULL = 0.99  # amplitude from which a sample counts as clipped; 8 bits reach 0.992
_NUMBERS = 2.0  # an amplitude of float samples that no overshoot reaches
_TOLD = 0.01  # fraction of clipped samples from which a remark says so


class SoundSettings(Settings):
    """What counts as sound: the section ``features.sound`` of the config."""

    min_level: Annotated[float, Field(ge=-200, le=0)] = -70.0
    """dB of full scale. A recording whose loudest sample is lower is silent: it has no frames.
    -200: no recording is silent."""
    max_clipped: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Largest fraction of samples at or beyond full scale. A recording with more fails."""
    max_cancelled: Annotated[float, Field(ge=0, le=200)] = 20.0
    """Largest loss of level, in dB, by averaging channels. Where they cancel each other more than
    that, as with opposite signs, only the loudest one is used."""


class AudioSettings(Settings):
    """Settings of an extractor of sound."""

    sound: SoundSettings = SoundSettings()
    """What counts as sound. The config fills it in from ``features.sound``."""


def sound_settings(settings: Settings) -> SoundSettings:
    """What counts as sound for an extractor with these settings, which need not say so."""
    return settings.sound if isinstance(settings, AudioSettings) else SoundSettings()


class SoundLevels:
    """Counts what a recording's samples are like, block by block.

    Args:
        channels: How many there are.
    """

    def __init__(self, channels: int) -> None:
        self._lowest, self._highest = np.full(channels, np.inf), np.full(channels, -np.inf)
        self._energy, self._mixed = np.zeros(channels), 0.0
        self._clipped, self._samples = 0, 0

    def add(self, block: np.ndarray, mono: np.ndarray) -> None:
        """Take in the next samples [n, channels], and their average [n]."""
        if not len(block):
            return
        self._lowest = np.minimum(self._lowest, block.min(axis=0))
        self._highest = np.maximum(self._highest, block.max(axis=0))
        self._energy += np.einsum("ij,ij->j", block, block, dtype=np.float64)
        self._mixed += float(np.einsum("i,i->", mono, mono, dtype=np.float64))
        self._clipped += int(np.count_nonzero(np.abs(block) >= _FULL))
        self._samples += block.size

    def loudest(self, max_cancelled: float) -> int | None:
        """The channel to use alone; None where averaging keeps what the channels hold."""
        if len(self._energy) < 2 or not self._mixed < self._energy.mean() * 10 ** (
            -max_cancelled / 10
        ):
            return None
        return int(self._energy.argmax())

    def check(self, settings: SoundSettings) -> list[str]:
        """Remarks on the samples.

        Raises:
            NothingError: they are silent.
            UtteranceError: too many of them are clipped.
        """
        size = float((self._highest - self._lowest).max()) / 2  # a constant offset is silent too
        level = 20 * math.log10(max(size, 1e-10))
        if level < settings.min_level:
            raise NothingError(
                f"audio is silent: its level is {level:.0f} dB of full scale, below "
                f"{settings.min_level:g} dB (features.sound.min_level)"
            )
        share = self._clipped / self._samples
        if share <= settings.max_clipped:
            return [f"clipped: {share:.0%} of the samples are at full scale"] * (share > _TOLD)
        largest = float(max(self._highest.max(), -self._lowest.min()))
        advice = (
            "these are whole numbers in a float file; divide them by 32768 (16 bits)"
            if largest > _NUMBERS
            else "record it at a lower level, or raise features.sound.max_clipped"
        )
        raise UtteranceError(
            f"audio is clipped: {share:.0%} of its samples are at full scale or beyond, up to "
            f"{largest:g}; {advice}"
        )
