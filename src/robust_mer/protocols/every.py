"""``every``: all conditions, from all modalities clean to none (SNR fusion's training)."""

from collections.abc import Collection

from robust_mer.conditions import conditions
from robust_mer.protocols.protocol import Protocol, alike


class Every(Protocol):
    """Every condition of the corruption, equally often."""

    def distribution(self, modalities: list[str], touched: Collection[str]) -> dict[str, float]:
        """That of all conditions; see `conditions`."""
        return alike(conditions(modalities, touched))
