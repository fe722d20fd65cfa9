"""Mask-aware MCTN, whose sources are the clean modalities only.

It is an oracle and no baseline of the papers, because it knows which modalities are clean. Noise
never reaches it, so it does not get worse with the SNR. If all modalities are noisy, it sees
nothing. In training, clean versions of the noisy modalities still are targets.
"""

import torch
from torch import Tensor

from robust_mer.models.mctn.mctn import MCTN
from robust_mer.models.mctn.settings import MCTNOracleSettings


class MCTNOracle(MCTN):
    """MCTN in which no chain begins at a noisy modality; its codes are zeros."""

    settings_class = MCTNOracleSettings

    def is_source(self, is_clean: Tensor) -> Tensor:
        """Which modalities are sources, bool [B, modalities]: the clean ones."""
        return is_clean

    def predict(self, embeddings: dict[str, Tensor], is_clean: Tensor) -> Tensor:
        given = zip(embeddings.items(), is_clean.unbind(dim=1), strict=True)
        return self({m: torch.where(clean[:, None], e, 0.0) for (m, e), clean in given})
