"""``shares``: so many utterances lack one modality, so many lack two (IMDer, DiCMoR)."""

from collections.abc import Collection
from typing import Annotated

from pydantic import Field, model_validator

from robust_mer.conditions import conditions
from robust_mer.errors import InputError
from robust_mer.protocols.protocol import Protocol, restricted
from robust_mer.settings import Settings


class SharesSettings(Settings):
    """Settings of `Shares`."""

    one: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Fraction of the utterances that lack one modality."""
    two: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Fraction of the utterances that lack two. The rest is complete."""
    per_batch: bool = False
    """Whether a training batch has one condition for all of its samples, as in the released code of
    IMDer and DiCMoR."""

    @model_validator(mode="after")
    def _check_sum(self) -> "SharesSettings":
        if self.one + self.two > 1:
            raise ValueError(f"one and two are {self.one:g} and {self.two:g}, together above 1")
        return self


class Shares(Protocol):
    """Which modality is missing is drawn evenly."""

    settings_class = SharesSettings
    settings: SharesSettings

    @property
    def is_per_batch(self) -> bool:
        """As set."""
        return self.settings.per_batch

    def distribution(self, modalities: list[str], touched: Collection[str]) -> dict[str, float]:
        """The share of each number of missing modalities, split evenly among its conditions.

        Raises:
            InputError: nothing would be left.
        """
        shares = {1: self.settings.one, 2: self.settings.two}
        shares[0] = 1 - shares[1] - shares[2]
        most = max(number for number, share in shares.items() if share > 0)
        if most >= len(modalities):
            raise InputError(
                f"of {', '.join(modalities)}, none is left if {most} are missing; set a lower share"
            )
        every = conditions(modalities)
        lacking = {name: is_clean.count(False) for name, is_clean in every.items()}
        numbers = list(lacking.values())
        probability = {
            name: shares[number] / numbers.count(number)
            for name, number in lacking.items()
            if number in shares
        }
        return restricted(probability, modalities, touched)
