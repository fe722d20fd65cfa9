"""MCTN that is given only the clean modalities as sources.

An oracle, and no baseline of the papers: it must be told which modalities are clean. Whatever the
noise, it sees nothing of it, so it does not fall with the SNR; where all modalities are noisy it
sees nothing at all. Clean versions of the noisy modalities are targets in training all the same.
"""

import torch
from torch import Tensor

from robust_mer.models.mctn import LIMITS as LIMITS_OF_MCTN
from robust_mer.models.mctn import MCTN
from robust_mer.models.mctn import SETTINGS as OF_MCTN

SETTINGS = {**OF_MCTN}

LIMITS = {**LIMITS_OF_MCTN}


class MCTNOracle(MCTN):
    """MCTN in which a noisy modality begins no chain; its codes are zeros.

    Args:
        settings: As ``SETTINGS``.
        widths: Feature dimensions per modality.
        classes: Number of classes.
    """

    def is_source(self, is_clean: Tensor) -> Tensor:
        """Which modalities are sources, bool [B, modalities]: the clean ones."""
        return is_clean

    def predict(self, embeddings: dict[str, Tensor], is_clean: Tensor) -> Tensor:
        given = zip(embeddings.items(), is_clean.unbind(dim=1), strict=True)
        return self({m: torch.where(clean[:, None], e, 0.0) for (m, e), clean in given})
