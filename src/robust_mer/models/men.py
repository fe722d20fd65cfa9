"""MEN: the modality encoder network, trained on complete clean data (Zhao et al. 2021).

NMER's baseline without any defence: trained clean, tested under noise (NMER, section 3.4).
"""

import torch
from torch import Tensor
from torch.nn import functional

from robust_mer.models.blocks import EMBEDDING, classifier, initialise, modality_encoders
from robust_mer.models.model import Batch, Model

SETTINGS = {
    # adam or adamw
    "optimiser": "adam",
    "learning_rate": 2e-4,
    # decay of the optimiser's first moment
    "beta1": 0.9,
    "weight_decay": 0.0,
    "batch_size": 128,
    # epochs with the full learning rate, then epochs in which it falls linearly towards zero
    "epochs_constant": 10,
    "epochs_falling": 10,
    # gradient norm at which each sub-network is clipped
    "clip_norm": 0.5,
    # of the classifier
    "dropout": 0.3,
}


class MEN(Model):
    """An encoder per modality, embeddings side by side, three linear layers.

    Args:
        settings: As ``SETTINGS``.
        widths: Feature dimensions per modality.
        classes: Number of classes.
    """

    def __init__(self, settings: dict, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        dropout = settings["dropout"]
        self.encoders = modality_encoders(widths)
        self.classifier = classifier(
            [EMBEDDING * len(widths), EMBEDDING, EMBEDDING, classes], dropout
        )
        initialise(self)

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        return self.encoders[modality](frames, lengths)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        return self.classifier(torch.cat(list(embeddings.values()), dim=1))

    def teach(
        self, embeddings: dict[str, Tensor], of_zeros: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """``specific`` features and those ``of_zeros``, [B, 128 x modalities] each."""
        return {
            "specific": torch.cat(list(embeddings.values()), dim=1),
            "of_zeros": torch.cat(list(of_zeros.values()), dim=1),
        }

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        logits = self(self.encode_all(batch.received, batch.lengths))
        return {"cross_entropy": functional.cross_entropy(logits, batch.label)}
