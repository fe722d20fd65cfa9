"""``rates``: every modality is missing at a rate of its own, but never all (as in MissBench).

Modalities are missing independently, and draws in which all are missing are repeated. What is left
has exactly the given rates r if each is first drawn with the probability p = r + (1 - r) q, where
q is the probability that all are missing: q = prod(r + (1 - r) q).
"""

from collections.abc import Collection
from math import prod
from typing import Annotated

from pydantic import ConfigDict, Field

from robust_mer.conditions import conditions
from robust_mer.errors import InputError
from robust_mer.protocols.protocol import Protocol, restricted
from robust_mer.settings import Settings

_STEPS = 60  # of Newton's method, which needs fewer than ten unless the rates are at their limit


class RatesSettings(Settings):
    """Settings of `Rates`: the rate of each modality, by its name; 0 if it is not named."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[float, Field(ge=0, le=1)]]


class Rates(Protocol):
    """Every modality is missing at a rate of its own, at least one is left."""

    settings_class = RatesSettings
    settings: RatesSettings

    def distribution(self, modalities: list[str], touched: Collection[str]) -> dict[str, float]:
        """That of independent losses, without the loss of all.

        Raises:
            InputError: there is a rate of another modality, or the rates cannot be met.
        """
        rates = self.settings.__pydantic_extra__
        if strange := [name for name in rates if name not in modalities]:
            raise InputError(f"{strange[0]} is not one of {', '.join(modalities)}")
        of_each = [rates.get(modality, 0.0) for modality in modalities]
        if sum(of_each) >= len(modalities) - 1:
            raise InputError(
                f"rates that sum up to {sum(of_each):g} would leave nothing of some utterances; "
                f"expected a sum below {len(modalities) - 1}"
            )
        nothing = _all_missing(of_each)
        first = [rate + (1 - rate) * nothing for rate in of_each]
        probability = {
            name: prod(1 - p if clean else p for p, clean in zip(first, is_clean, strict=True))
            / (1 - nothing)
            for name, is_clean in conditions(modalities).items()
            if any(is_clean)
        }
        return restricted(probability, modalities, touched)


def _all_missing(rates: list[float]) -> float:
    """The smallest q in [0, 1) with q = prod(r + (1 - r) q), by Newton's method from 0."""
    if 0 in rates:
        return 0.0
    q = 0.0
    for _ in range(_STEPS):
        factors = [rate + (1 - rate) * q for rate in rates]
        slope = prod(factors) * sum((1 - r) / f for r, f in zip(rates, factors, strict=True))
        q += (prod(factors) - q) / (1 - slope)
    return q
