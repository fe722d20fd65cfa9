"""``natural``: a modality is missing where its extractor really returned nothing.

For example, no face was detected, nobody was heard, or there are no words.
"""

from collections.abc import Collection

import numpy as np

from robust_mer.conditions import conditions
from robust_mer.protocols.protocol import Protocol, alike


class Natural(Protocol):
    """Modalities of which an utterance has frames are clean; others are not, if touched."""

    needs_presence = True

    def distribution(self, modalities: list[str], touched: Collection[str]) -> dict[str, float]:
        """The conditions that may occur; how often they do is up to the utterances."""
        return alike(conditions(modalities, touched))

    def of_utterances(
        self, modalities: list[str], touched: Collection[str], is_present: np.ndarray
    ) -> np.ndarray:
        """1 for the condition of each utterance, 0 for the others."""
        is_untouched = np.array([modality not in touched for modality in modalities])
        is_clean = np.array(list(conditions(modalities, touched).values()))
        is_met: np.ndarray = (is_present | is_untouched)[:, None] == is_clean
        return is_met.all(axis=2).astype(float)
