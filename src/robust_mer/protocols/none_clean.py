"""``none``: no modality is clean (NMER, Table 5)."""

from collections.abc import Collection

from robust_mer.conditions import NONE
from robust_mer.protocols.protocol import Protocol


class NoneClean(Protocol):
    """The only condition is that in which all modalities are corrupted."""

    def distribution(self, modalities: list[str], touched: Collection[str]) -> dict[str, float]:
        """Of that condition, if the corruption touches all modalities."""
        return {NONE: 1.0} if len(touched) == len(modalities) else {}
