"""``fixed_vl``: always the same condition, for one model a condition (MoMKE, HARDY-MER, UniMF)."""

from collections.abc import Collection
from typing import Any

from robust_mer.conditions import conditions
from robust_mer.errors import InputError
from robust_mer.protocols.protocol import Protocol, restricted
from robust_mer.settings import Settings


class FixedSettings(Settings):
    """Settings of `Fixed`."""

    condition: str
    """The condition, named after its clean modalities, e.g. ``vl``; ``none`` if none is clean. The
    protocol's name sets it, e.g. ``fixed_vl``."""


class Fixed(Protocol):
    """One condition."""

    settings_class = FixedSettings
    settings: FixedSettings

    @classmethod
    def settings_of(cls, variant: str) -> dict[str, Any]:
        """The condition."""
        return {"condition": variant}

    @property
    def family(self) -> str | None:
        """``fixed``."""
        return "fixed"

    def distribution(self, modalities: list[str], touched: Collection[str]) -> dict[str, float]:
        """Of that condition.

        Raises:
            InputError: the modalities have no such condition.
        """
        every = conditions(modalities)
        if self.settings.condition not in every:
            raise InputError(
                f"{', '.join(modalities)} have no condition {self.settings.condition}, only "
                f"{', '.join(every)}"
            )
        return restricted({self.settings.condition: 1.0}, modalities, touched)
