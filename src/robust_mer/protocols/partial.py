"""``partial``: some modalities are clean and some are not (MMIN, NMER, CM-ARR)."""

from collections.abc import Collection

from robust_mer.conditions import partial_conditions
from robust_mer.protocols.protocol import Protocol, alike


class Partial(Protocol):
    """Every condition with some clean and some corrupted modalities, equally often."""

    def distribution(self, modalities: list[str], touched: Collection[str]) -> dict[str, float]:
        """That of the partial conditions; see `partial_conditions`."""
        return alike(partial_conditions(modalities, touched))
