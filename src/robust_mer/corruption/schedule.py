"""The noise schedule: how many steps T bring a modality to a target SNR (NMER, section 2.2).

abar_T = prod(1 - beta_t) over t = 1..T (equation 2), x_T = sqrt(abar_T) x + sqrt(1 - abar_T) n
(equation 3) and SNR = 10 log10(abar_T var(x) / (1 - abar_T)) dB (equations 4 and 5).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from robust_mer.errors import InputError

MAX_MISS_DB = 1.0


@dataclass(frozen=True)
class Step:
    """A point on the schedule."""

    steps: int | None  # T; None in exact mode
    alpha_bar: float
    reached_snr_db: float


def linear(steps: int) -> np.ndarray:
    """The paper's beta_1..beta_T: they rise linearly from 0.001 to 0.1 over T (equation 1)."""
    return np.linspace(0.001, 0.1, steps)


def scaled_linear(steps: int) -> np.ndarray:
    """The first T of the released code's 100 betas, whose roots rise linearly: 0.01 to 0.5.

    That code stops at a random step, in training and testing; here the target SNR determines T.
    """
    return np.linspace(0.01**0.5, 0.5**0.5, 100)[:steps] ** 2


class Schedule(NamedTuple):
    """beta_1..beta_T as a function of T, and the largest T."""

    betas: Callable[[int], np.ndarray]
    max_steps: int


SCHEDULES = {"linear": Schedule(linear, 1000), "scaled_linear": Schedule(scaled_linear, 100)}


def alpha_bar(betas: np.ndarray) -> float:
    """abar_T of equation 2."""
    return float(np.prod(1.0 - betas))


def snr_db(alpha_bar: float, variance: float) -> float:
    """Nominal SNR in dB of equation 5, which assumes noise of power 1."""
    return float(10 * np.log10(alpha_bar * variance / (1 - alpha_bar)))


def exact_step(target_snr_db: float, variance: float) -> Step:
    """The step whose abar meets the target exactly, not necessarily a whole number of betas.

    Raises:
        InputError: the variance is 0 or not finite.
    """
    _check(variance)
    ratio = 10 ** (target_snr_db / 10)
    solved = ratio / (variance + ratio)
    return Step(None, solved, snr_db(solved, variance))


def paper_step(target_snr_db: float, variance: float, schedule: str = "linear") -> Step:
    """The first T whose SNR is at or below the target, as the paper picks it.

    Raises:
        InputError: no T reaches the target, the first one misses it by more than 1 dB, or the
            variance is 0 or not finite.
    """
    _check(variance)
    betas, max_steps = SCHEDULES[schedule]
    for steps in range(1, max_steps + 1):
        reached = snr_db(alpha_bar(betas(steps)), variance)
        if reached <= target_snr_db:
            if target_snr_db - reached > MAX_MISS_DB:
                raise InputError(
                    f"at variance {variance:.4g}, no whole number of steps comes near "
                    f"{target_snr_db:g} dB: T = {steps} gives {reached:.1f} dB. "
                    "Set corruption.mode: exact"
                )
            return Step(steps, alpha_bar(betas(steps)), reached)
    raise InputError(
        f"{target_snr_db:g} dB is not reached within {max_steps} steps at variance {variance:.4g}. "
        "Set corruption.mode: exact"
    )


def _check(variance: float) -> None:
    if not np.isfinite(variance) or variance <= 0:
        raise InputError(
            f"a modality with variance {variance:g} has no SNR: its features are constant or not "
            "finite over the training part"
        )
