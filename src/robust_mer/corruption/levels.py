"""SNRs drawn from a range, and modalities that are lost more often where they are noisy.

The SNR s of an utterance's modality is uniform between low and high. Noise at abar has the SNR
10 log10(abar var(x) / (1 - abar)), so the odds abar / (1 - abar) grow by s' - s decibels with it.

*Missing not at random*: at the SNR s the modality is lost altogether with the probability
((high - s) / (high - low))^((1 - r) / r), always at the low end and never at the high end. Its mean
over the range is r, for every r between 0 and 1.
"""

from collections.abc import Sequence

import numpy as np

from robust_mer.corruption.counter import counter_generator

DRAWS = 2
"""Uniform numbers that decide: one about the SNR, one about the loss."""


def evaluation_levels(
    kind: str, seed: int, part: str, modality: str, utterances: Sequence[str]
) -> np.ndarray:
    """The fixed draws of validation and test: uniform in [0, 1), [utterances, DRAWS].

    A function of (seed, part, kind, modality, utterance), independent of the noise's values.
    """
    numbers = [
        counter_generator(seed, part, "level", kind, modality, utterance).random(DRAWS)
        for utterance in utterances
    ]
    return np.reshape(numbers, (len(utterances), DRAWS))


def offsets(levels: np.ndarray, span: float | np.ndarray) -> np.ndarray:
    """SNR of each utterance in dB, from the middle of a range of this width.

    Args:
        levels: Draws [..., DRAWS].
        span: In dB; one, or that of each utterance.
    """
    from_middle: np.ndarray = (levels[..., 0] - 0.5) * span
    return from_middle


def shifted(alpha_bar: float, offset: np.ndarray) -> np.ndarray:
    """Abar at SNRs that differ by ``offset`` decibels from that of ``alpha_bar``."""
    ratio = 10 ** (offset / 10)
    return alpha_bar * ratio / (1 - alpha_bar + alpha_bar * ratio)


def is_lost(levels: np.ndarray, rate: float) -> np.ndarray:
    """Whether each utterance loses the modality, at this mean rate.

    Args:
        levels: Draws [..., DRAWS].
        rate: Between 0 and 1, both excluded.
    """
    lost: np.ndarray = levels[..., 1] < (1 - levels[..., 0]) ** ((1 - rate) / rate)
    return lost
