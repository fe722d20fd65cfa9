"""Noises, and adding them to features (NMER, section 2.2.2)."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from robust_mer.conditions import NoiseSpec
from robust_mer.corruption.draws import CounterDraws, Draws, FreshDraws, send
from robust_mer.errors import InputError
from robust_mer.settings import Plugin, Settings

if TYPE_CHECKING:
    from torch import Tensor

Lengths = Sequence[int] | np.ndarray


class Noise(ABC):
    """A type of noise on features.

    To add a noise, write a subclass and name it in the config as ``module:Class``. Planning a run
    imports it, so import torch inside its methods.

    Args:
        settings: Of type ``settings_class``.
    """

    settings_class: ClassVar[type[Settings]] = Settings
    unit: ClassVar[str | None] = "dB"
    """Unit of the amount in a corruption's name: ``dB`` (an SNR), ``%`` (sets the setting ``rate``)
    or None (the name has no amount)."""
    is_mask: ClassVar[bool] = False
    """Whether the noise multiplies the frames. Otherwise it is added to them at an SNR."""
    takes_arrays: ClassVar[bool] = False
    """Whether `draw` makes the same values of numpy's arrays; not inherited. The schedule of such a
    noise needs no torch."""

    def __init_subclass__(cls) -> None:
        cls.takes_arrays = vars(cls).get("takes_arrays", False)

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @abstractmethod
    def draw(self, shape: tuple[int, int], draws: Draws, lengths: np.ndarray) -> "Tensor":
        """Float32 values of the given shape [frames, D], for consecutive utterances.

        Args:
            shape: Number of frames of all the utterances, and width.
            draws: The only source of random numbers.
            lengths: Number of frames of each utterance. The noise of an utterance must not depend
                on its neighbours.
        """

    def __call__(self, lengths: Lengths, width: int, draws: Draws) -> "Tensor":
        """Noise of utterances with these numbers of frames: [sum of lengths, width]."""
        return self.draw((int(np.sum(lengths)), width), draws, np.asarray(lengths))

    @property
    def implementation(self) -> str:
        """``"module:Class"``."""
        return f"{type(self).__module__}:{type(self).__qualname__}"

    @property
    def key(self) -> str:
        """Equal for equal noises."""
        return json.dumps([self.implementation, self.settings.model_dump()], sort_keys=True)


def build_noise(spec: NoiseSpec) -> Noise:
    """The noise that a corruption draws for a modality."""
    noise: Noise = Plugin(spec.implementation, spec.settings).build()
    return noise


def check_noise(noise: Noise, width: int) -> None:
    """Draw once as evaluation does and once as training does, and check the result.

    Raises:
        InputError: the noise fails, or returns anything but finite float32 values of the shape
            that was requested.
    """
    import torch

    for lengths, draws in (
        ([7], CounterDraws("check")),
        ([1], CounterDraws("check")),
        ([3, 0, 1, 40], FreshDraws(torch.Generator().manual_seed(0))),
    ):
        values = noise.settings.model_dump()
        settings = f" with {values}" if values else ""
        shape = (sum(lengths), width)
        request = f"the noise {noise.implementation}{settings}, asked for values of shape {shape}"
        try:
            sample = noise(lengths, width, draws)
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"{request}: {type(error).__name__}: {error}") from error
        if not isinstance(sample, torch.Tensor):
            raise InputError(f"{request}, returned {type(sample)}, expected a Tensor")
        if tuple(sample.shape) != shape:
            raise InputError(f"{request}, returned shape {tuple(sample.shape)}")
        if sample.dtype != torch.float32:
            raise InputError(f"{request}, returned {sample.dtype}, expected float32")
        if not bool(sample.isfinite().all()):
            raise InputError(f"{request}, returned values that are not finite")


def add_noise(clean: "Tensor", noise: "Tensor", alpha_bar: float | np.ndarray) -> "Tensor":
    """x_T = sqrt(abar_T) x + sqrt(1 - abar_T) n, in float32 (equation 3).

    Args:
        clean: Frames [n, D].
        noise: [n, D].
        alpha_bar: One for all frames, or one per frame [n].
    """
    if not isinstance(alpha_bar, np.ndarray):
        return alpha_bar**0.5 * clean + (1 - alpha_bar) ** 0.5 * noise
    signal, error = (
        send(share[:, None].astype(np.float32), clean.device)
        for share in (alpha_bar**0.5, (1 - alpha_bar) ** 0.5)
    )
    return signal * clean + error * noise


def add_noise_by_steps(
    clean: "Tensor", lengths: Lengths, noise: Noise, betas: Iterable[float], draws: Draws
) -> "Tensor":
    """x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) n_t for t = 1..T, in float32 (Algorithm 1).

    Mean and covariance are those of `add_noise` with abar = prod(1 - beta_t), whatever the noise,
    because the n_t are independent. The distribution is the same only for Gaussian noises
    (`gaussian`, `pink`). For others, the sum of T draws tends to a Gaussian (central limit
    theorem): impulse noise, which hits three values in ten, would hit all. The workflow therefore
    uses `add_noise`, which also needs only one draw.

    Args:
        clean: Frames [n, D] of consecutive utterances.
        lengths: Number of frames of each utterance.
        noise: The noise, drawn again in every step.
        betas: beta_1..beta_T, e.g. from `robust_mer.corruption.schedule`.
        draws: Source of the random numbers.
    """
    received = clean
    for beta in betas:
        sample = noise(lengths, clean.shape[1], draws)
        received = (1 - beta) ** 0.5 * received + beta**0.5 * sample
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
) -> "Tensor":
    """Noise of a part's utterances, one after the other: [sum of lengths, width].

    An utterance's noise depends only on seed, part, kind of noise, modality and its id. The draws
    are therefore the same for every model and SNR, but differ between validation and test.
    """
    import torch

    return torch.cat(
        [
            noise([length], width, CounterDraws(seed, part, kind, modality, utterance))
            for utterance, length in zip(utterances, lengths, strict=True)
        ]
    )
