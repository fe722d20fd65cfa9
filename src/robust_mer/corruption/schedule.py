"""The noise schedule: how many steps T bring a modality to a target SNR (NMER, section 2.2).

beta_1..beta_T rise linearly from 0.001 to 0.1, abar_T = prod(1 - beta_t) (equations 1 and 2),
x_T = sqrt(abar_T) x + sqrt(1 - abar_T) n (equation 3) and
SNR = 10 log10(abar_T var(x) / (1 - abar_T)) dB (equations 4 and 5).
"""

from dataclasses import dataclass

import numpy as np

from robust_mer.errors import InputError

BETA_FIRST = 0.001
BETA_LAST = 0.1
MAX_STEPS = 1000
MAX_MISS_DB = 1.0


@dataclass(frozen=True)
class Step:
    """Where on the schedule a modality is corrupted."""

    steps: int | None  # T; None in exact mode
    alpha_bar: float
    reached_snr_db: float


# Where nothing of the data is left, as when a modality is missing: there is no SNR to speak of.
REPLACED = Step(None, 0.0, float("nan"))


def alpha_bar(steps: int) -> float:
    """abar_T of equation 2 for T = ``steps`` >= 1."""
    return float(np.prod(1.0 - np.linspace(BETA_FIRST, BETA_LAST, steps)))


def snr_db(alpha_bar: float, variance: float) -> float:
    """Nominal SNR in dB of equation 5; the noise counts with power 1, whatever its type."""
    return float(10 * np.log10(alpha_bar * variance / (1 - alpha_bar)))


def exact_step(target_snr_db: float, variance: float) -> Step:
    """The abar that meets the target exactly; it need not belong to a whole number of steps."""
    _check(variance)
    ratio = 10 ** (target_snr_db / 10)
    solved = ratio / (variance + ratio)
    return Step(None, solved, snr_db(solved, variance))


def paper_step(target_snr_db: float, variance: float) -> Step:
    """The first T whose SNR is at or below the target, as the paper picks it.

    Raises:
        InputError: no T up to 1000 gets there, or the T found misses the target by more than 1 dB.
    """
    _check(variance)
    for steps in range(1, MAX_STEPS + 1):
        reached = snr_db(alpha_bar(steps), variance)
        if reached <= target_snr_db:
            if target_snr_db - reached > MAX_MISS_DB:
                raise InputError(
                    f"at variance {variance:.4g} no whole number of steps comes near "
                    f"{target_snr_db:g} dB: T = {steps} gives {reached:.1f} dB. "
                    "Set corruption.mode: exact"
                )
            return Step(steps, alpha_bar(steps), reached)
    raise InputError(
        f"{target_snr_db:g} dB is not reached within {MAX_STEPS} steps at variance {variance:.4g}. "
        "Set corruption.mode: exact"
    )


def _check(variance: float) -> None:
    if not np.isfinite(variance) or variance <= 0:
        raise InputError(
            f"a modality with variance {variance:g} has no SNR: its features are constant or not "
            "finite over the training part"
        )
