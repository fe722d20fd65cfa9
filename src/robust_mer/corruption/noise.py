"""Laying noise on features (NMER, section 2.2.2), apart from how a noise is generated."""

import inspect
import json
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from robust_mer.corruption.draws import CounterDraws, Draws, FreshDraws, send
from robust_mer.errors import InputError
from robust_mer.settings import load

Lengths = Sequence[int] | np.ndarray


class Noise:
    """A noise type with its settings, ready to be drawn.

    The function behind it is ``draw(shape, draws, **settings)`` and returns float32 values of the
    given shape [frames, D]. It is called once for many utterances that follow one another. One
    whose frames hang together asks for ``lengths``, the number of frames of each utterance, as a
    further argument, and must not let an utterance depend on its neighbours.

    Args:
        implementation: ``"module:function"``.
        settings: What the function is given by name.

    Attributes:
        key: The same for noises that are the same.
    """

    def __init__(self, implementation: str, settings: dict) -> None:
        self.implementation, self.settings = implementation, settings
        self._draw = load(implementation)
        self._takes_lengths = "lengths" in inspect.signature(self._draw).parameters
        self.key = json.dumps([implementation, settings], sort_keys=True)

    def __call__(self, lengths: Lengths, width: int, draws: Draws) -> Tensor:
        """Noise of utterances with so many frames each: [sum of lengths, width]."""
        shape = (int(np.sum(lengths)), width)
        if self._takes_lengths:
            return self._draw(shape, draws, lengths=np.asarray(lengths), **self.settings)
        return self._draw(shape, draws, **self.settings)


def check_noise(noise: Noise, width: int) -> None:
    """Draw once as evaluation does and once as training does, and look at what comes.

    Raises:
        InputError: the function fails, or returns anything but finite float32 values of the shape
            that it was asked for.
    """
    for lengths, draws in (
        ([7], CounterDraws("check")),
        ([1], CounterDraws("check")),
        ([3, 0, 1, 40], FreshDraws(torch.Generator().manual_seed(0))),
    ):
        settings = f" with {noise.settings}" if noise.settings else ""
        asked = f"the noise {noise.implementation}{settings}, asked for values of "
        shape = (sum(lengths), width)
        try:
            drawn = noise(lengths, width, draws)
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"{asked}shape {shape}: {type(error).__name__}: {error}") from error
        if not isinstance(drawn, Tensor):
            raise InputError(f"{asked}shape {shape}, returned {type(drawn)}, expected a Tensor")
        if tuple(drawn.shape) != shape:
            raise InputError(f"{asked}shape {shape}, returned shape {tuple(drawn.shape)}")
        if drawn.dtype != torch.float32:
            raise InputError(f"{asked}shape {shape}, returned {drawn.dtype}, expected float32")
        if not bool(drawn.isfinite().all()):
            raise InputError(f"{asked}shape {shape}, returned values that are not finite")


def add_noise(clean: Tensor, noise: Tensor, alpha_bar: float | np.ndarray) -> Tensor:
    """x_T = sqrt(abar_T) x + sqrt(1 - abar_T) n, in float32 (equation 3).

    Args:
        clean: Frames [n, D].
        noise: [n, D].
        alpha_bar: For all of them, or [n], one for each frame.
    """
    signal, other = alpha_bar**0.5, (1 - alpha_bar) ** 0.5
    if isinstance(alpha_bar, np.ndarray):
        signal, other = (
            send(share[:, None].astype(np.float32), clean.device) for share in (signal, other)
        )
    return signal * clean + other * noise


def add_noise_by_steps(
    clean: Tensor, lengths: Lengths, noise: Noise, betas: Iterable[float], draws: Draws
) -> Tensor:
    """x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) n_t for t = 1..T, in float32 (Algorithm 1).

    Mean and covariance are those of `add_noise` with abar = prod(1 - beta_t), whatever the noise
    type, since the n_t are independent of one another. The distribution is the same for Gaussian
    noises only (`gaussian`, `pink`). Any other is lost in the sum of T draws, which tends to a
    Gaussian (central limit theorem): impulse noise, which hits three values in ten, would hit all.
    The workflow therefore adds noise by `add_noise`, which costs one draw instead of T.

    Args:
        clean: Frames [n, D] of utterances that follow one another.
        lengths: How many of them each utterance has.
        noise: What is drawn anew in every step.
        betas: beta_1..beta_T, e.g. from `robust_mer.corruption.schedule`.
        draws: Where the random numbers come from.
    """
    received = clean
    for beta in betas:
        drawn = noise(lengths, clean.shape[1], draws)
        received = (1 - beta) ** 0.5 * received + beta**0.5 * drawn
    return received


def evaluation_noise(
    noise: Noise,
    kind: str,
    seed: int,
    part: str,
    modality: str,
    utterances: list[str],
    lengths: Lengths,
    width: int,
) -> Tensor:
    """Noise of a part's utterances, one after the other: [sum of lengths, width].

    An utterance's noise depends on seed, part, kind of noise, modality and its id alone, so every
    model and every SNR meets the same draws; validation and test have draws of their own.
    """
    return torch.cat(
        [
            noise([length], width, CounterDraws(seed, part, kind, modality, utterance))
            for utterance, length in zip(utterances, lengths, strict=True)
        ]
    )
