"""Adding noise to features (NMER, equation 3), apart from how a noise is generated."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from robust_mer.corruption.draws import CounterDraws, Draws
from robust_mer.settings import load

Noise = Callable[[tuple[int, ...], Draws], Tensor]


def make_noise(implementation: str, settings: dict) -> Noise:
    """The noise ``(shape, draws) -> tensor`` of an implementation ``"module:function"``."""
    return partial(load(implementation), **settings)


def add_noise(clean: Tensor, noise: Tensor, alpha_bar: float) -> Tensor:
    """x_T = sqrt(abar_T) x + sqrt(1 - abar_T) n, in float32 (equation 3)."""
    return alpha_bar**0.5 * clean + (1 - alpha_bar) ** 0.5 * noise


def evaluation_noise(
    noise: Noise,
    name: str,
    seed: int,
    part: str,
    modality: str,
    utterances: list[str],
    lengths: list[int],
    width: int,
) -> Tensor:
    """Noise of a part's utterances, one after the other: [sum of lengths, width].

    An utterance's noise depends on seed, part, noise type, modality and its id alone, so every
    model and every SNR meets the same draws; validation and test have draws of their own.
    """
    return torch.cat(
        [
            noise((length, width), CounterDraws(seed, part, name, modality, utterance))
            for utterance, length in zip(utterances, lengths, strict=True)
        ]
    )
