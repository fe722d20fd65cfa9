"""Bursts: Gaussian noise on whole frames, which are hit in runs.

Whether a frame is hit follows a Markov chain with two states (E. N. Gilbert, Capacity of a
burst-noise channel, Bell System Technical Journal 39, 1960).
"""

import numpy as np
import torch
from torch import Tensor

from robust_mer.corruption.draws import Draws, send
from robust_mer.errors import InputError

SETTINGS = {
    # share of the frames that are hit
    "rate": 0.2,
    # of a run of hit frames, in frames; at least 1 / (1 - rate)
    "mean_length": 5.0,
}

LIMITS = {"rate": (1e-3, 0.99), "mean_length": (1, 1e6)}


def draw(
    shape: tuple[int, int], draws: Draws, lengths: np.ndarray, rate: float, mean_length: float
) -> Tensor:
    """Noise [frames, D] of utterances that follow one another.

    Its power is 1 in all, 1 / rate where it hits.

    Raises:
        InputError: runs are to be shorter than those of frames that are hit independently.
    """
    # A frame is decided anew with this probability, else it is as the one before it: the chain
    # whose runs end with probability 1 / mean_length.
    anew = 1 / (mean_length * (1 - rate))
    if anew > 1:
        raise InputError(
            f"corruption.noises: bursts with rate {rate:g} have a mean_length of at least "
            f"{1 / (1 - rate):.3g} frames, not {mean_length:g}"
        )
    frames = shape[0]
    is_decided, decision = draws.uniform((2, frames))
    place = torch.arange(frames, device=decision.device)
    first = send((lengths.cumsum() - lengths)[lengths > 0], place.device)
    is_decided = is_decided < anew
    is_decided[first] = True
    decided_at = torch.where(is_decided, place, 0).cummax(dim=0).values
    is_hit = decision[decided_at] < rate
    return draws.normal(shape) * (is_hit.float() / rate**0.5)[:, None]
