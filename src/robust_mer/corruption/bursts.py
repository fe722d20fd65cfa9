"""Bursts: Gaussian noise on whole frames, which are hit in runs.

Whether a frame is hit follows a Markov chain with two states (E. N. Gilbert, Capacity of a
burst-noise channel, Bell System Technical Journal 39, 1960).
"""

from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from robust_mer.corruption.draws import Draws, send
from robust_mer.corruption.noise import Noise
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor


class BurstsSettings(Settings):
    """Settings of `Bursts`."""

    rate: Annotated[float, Field(ge=1e-3, le=0.99)] = 0.2
    """Fraction of the frames that are hit."""
    mean_length: Annotated[float, Field(ge=1, le=1e6)] = 5.0
    """Mean length of a run of hit frames, in frames; at least 1 / (1 - rate)."""

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        # Runs would otherwise be shorter than with independent hits.
        if self.mean_length * (1 - self.rate) < 1 - 1e-9:
            raise ValueError(
                f"bursts with rate {self.rate:g} have a mean_length of at least "
                f"{1 / (1 - self.rate):.3g} frames, not {self.mean_length:g}"
            )
        return self


class Bursts(Noise):
    """Gaussian noise in bursts. Its power is 1 over all frames, 1 / rate on frames that are hit."""

    settings_class = BurstsSettings
    settings: BurstsSettings

    def draw(self, shape: tuple[int, int], draws: Draws, lengths: np.ndarray) -> "Tensor":
        """Noise [frames, D] of consecutive utterances."""
        import torch

        rate, mean_length = self.settings.rate, self.settings.mean_length
        # With this probability a frame is decided independently, otherwise it copies the previous
        # one: the chain whose runs end with probability 1 / mean_length.
        probability = 1 / (mean_length * (1 - rate))
        frames = shape[0]
        is_decided, decision = draws.uniform((2, frames))
        place = torch.arange(frames, device=decision.device)
        first = send((lengths.cumsum() - lengths)[lengths > 0], place.device)
        is_decided = is_decided < probability
        is_decided[first] = True
        decided_at = torch.where(is_decided, place, 0).cummax(dim=0).values
        is_hit = decision[decided_at] < rate
        return draws.normal(shape) * (is_hit.float() / rate**0.5)[:, None]
