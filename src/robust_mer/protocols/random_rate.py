"""``random_30%``: each modality is missing at a rate eta, but never all (GCNet, SDR-GNN).

One modality, each equally likely, is kept. The others are missing independently with probability
eta M / (M - 1), so that each of the M modalities is missing at the rate eta. Since one is kept, the
rate cannot exceed (M - 1) / M, two thirds of three: beyond that, exactly one modality is kept.

Source: Z. Lian et al., "GCNet: Graph Completion Network for Incomplete Multimodal Learning in
Conversation", TPAMI 45 (2023), and the released code.
"""

import re
from collections.abc import Collection
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field

from robust_mer.conditions import conditions
from robust_mer.errors import InputError
from robust_mer.protocols.protocol import Protocol, restricted
from robust_mer.settings import Settings

_PERCENT = r"(?:0|[1-9]\d*)(?:\.\d*[1-9])?"
_VARIANT = re.compile(rf"({_PERCENT})(?:to({_PERCENT}))?%")
_STEPS = 1000  # of the mean over a range of rates


def _both_ends(value: Any) -> Any:
    return value if isinstance(value, list) else [value, value]


def _in_order(value: list[float]) -> list[float]:
    if value[0] > value[1]:
        raise ValueError("expected the lower end of the range first")
    return value


class RandomRateSettings(Settings):
    """Settings of `RandomRate`."""

    eta: Annotated[
        list[Annotated[float, Field(ge=0, le=1)]],
        Field(min_length=2, max_length=2),
        BeforeValidator(_both_ends),
        AfterValidator(_in_order),
    ]
    """Fraction of the utterances in which a modality is missing, or a range, from which every
    sample draws its own. The protocol's name sets it, e.g. ``random_30%``, ``random_0to70%``."""


class RandomRate(Protocol):
    """Every modality is missing at the same rate, at least one is left."""

    settings_class = RandomRateSettings
    settings: RandomRateSettings

    @classmethod
    def settings_of(cls, variant: str) -> dict[str, Any]:
        """The rate, or both ends of its range."""
        match = _VARIANT.fullmatch(variant)
        if match is None:
            raise InputError("expected a rate or a range, e.g. random_30% or random_0to70%")
        low, high = float(match[1]), float(match[2] or match[1])
        if low > high or high > 100 or match[2] == match[1]:
            raise InputError("expected rates of 0 to 100 %, the lower one first")
        return {"eta": [low / 100, high / 100]}

    @property
    def family(self) -> str | None:
        """``random``; None for a range."""
        return "random" if self.rate is not None else None

    @property
    def rate(self) -> float | None:
        """Eta; None for a range."""
        low, high = self.settings.eta
        return low if low == high else None

    def distribution(self, modalities: list[str], touched: Collection[str]) -> dict[str, float]:
        """The mean over the range of rates; none for a single modality, which would be kept."""
        count = len(modalities)
        if count == 1:
            return {}
        low, high = self.settings.eta
        eta = low + (high - low) * (np.arange(_STEPS) + 0.5) / _STEPS
        missing = np.minimum(eta * count / (count - 1), 1.0)
        probability = {
            name: float(
                np.mean(
                    sum(is_clean)
                    / count
                    * (1 - missing) ** (sum(is_clean) - 1)
                    * missing ** (count - sum(is_clean))
                )
            )
            for name, is_clean in conditions(modalities).items()
            if any(is_clean)
        }
        return restricted(probability, modalities, touched)
