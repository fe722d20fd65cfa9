"""MCTN that is given only the clean modalities as sources.

An oracle, and no baseline of the papers: it must be told which modalities are clean. Whatever the
noise, it sees nothing of it, so it does not fall with the SNR; where all modalities are noisy it
sees nothing at all. Clean versions of the noisy modalities are targets in training all the same.
"""

import torch
from torch import Tensor

from robust_mer.models.mctn import MCTN

SETTINGS = {
    # all as in MCTN; adam or adamw
    "optimiser": "adam",
    "learning_rate": 2e-4,
    # decay of the optimiser's first moment
    "beta1": 0.9,
    "weight_decay": 0.0,
    "batch_size": 128,
    # epochs with the full learning rate, then epochs in which it falls linearly towards zero
    "epochs_constant": 30,
    "epochs_falling": 30,
    # gradient norm at which each sub-network is clipped
    "clip_norm": 1.0,
    # of the classifier
    "dropout": 0.5,
    # units of every LSTM
    "hidden": 32,
    # elements of a code and of a target
    "segments": 20,
    # weights of the errors of each chain: into the target, back to the source, into the third
    "weight_translation": 0.1,
    "weight_cycle": 0.1,
    "weight_third": 0.1,
}

LIMITS = {"hidden": (1, 10_000), "segments": (1, 10_000)}


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
