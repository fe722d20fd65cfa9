"""Mask-aware MCTN, whose sources are the clean modalities only.

An oracle, and no baseline of the papers: it must know which modalities are clean. Whatever the
noise, it sees nothing of it, so it does not fall with the SNR; where all modalities are noisy it
sees nothing at all. Clean versions of the noisy modalities are targets in training all the same.
"""

import torch
from torch import Tensor

from robust_mer.models.mctn.mctn import MCTN
from robust_mer.models.mctn.settings import MCTNOracleSettings


class MCTNOracle(MCTN):
    """MCTN in which a noisy modality begins no chain; its codes are zeros."""

    settings_class = MCTNOracleSettings

    def is_source(self, is_clean: Tensor) -> Tensor:
        """Which modalities are sources, bool [B, modalities]: the clean ones."""
        return is_clean

    def predict(self, embeddings: dict[str, Tensor], is_clean: Tensor) -> Tensor:
        given = zip(embeddings.items(), is_clean.unbind(dim=1), strict=True)
        return self({m: torch.where(clean[:, None], e, 0.0) for (m, e), clean in given})
