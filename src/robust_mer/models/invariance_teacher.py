"""The teacher of IF-MMIN and NMER: specific and invariant encoders trained on complete data.

Pretrained with cross-entropy and CMD on specific and invariant features side by side (Zuo et al.
2023). Its students start from its encoders and are held to its features of clean data.
"""

import torch
from torch import Tensor
from torch.nn import functional

from robust_mer.models.blocks import (
    EMBEDDING,
    InvarianceEncoder,
    central_moment_discrepancy,
    classifier,
    initialise,
    modality_encoders,
)
from robust_mer.models.model import Batch, Model

SETTINGS = {
    # adam or adamw
    "optimiser": "adam",
    "learning_rate": 2e-4,
    # decay of the optimiser's first moment
    "beta1": 0.9,
    "weight_decay": 0.0,
    "batch_size": 64,
    # epochs with the full learning rate, then epochs in which it falls linearly towards zero
    "epochs_constant": 10,
    "epochs_falling": 10,
    # gradient norm at which each sub-network is clipped
    "clip_norm": 0.5,
    # of the classifier
    "dropout": 0.5,
    # weight of the CMD between the modalities' invariant features
    "weight_cmd": 1.0,
}


class InvarianceTeacher(Model):
    """Specific encoders, one invariance encoder for all modalities, classifier on both.

    Args:
        settings: As ``SETTINGS``.
        widths: Feature dimensions per modality.
        classes: Number of classes.
    """

    def __init__(self, settings: dict, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        dropout = settings["dropout"]
        self.weight_cmd = settings["weight_cmd"]
        self.encoders = modality_encoders(widths)
        self.invariance = InvarianceEncoder()
        self.classifier = classifier(
            [2 * EMBEDDING * len(widths), EMBEDDING, EMBEDDING, classes], dropout
        )
        initialise(self)

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        return self.encoders[modality](frames, lengths)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        return self.classifier(torch.cat(list(self._features(embeddings).values()), dim=1))

    def teach(
        self, embeddings: dict[str, Tensor], of_zeros: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """``specific``, ``invariant`` and, of zeros, specific features, [B, 128 x modalities]."""
        return {
            **self._features(embeddings),
            "of_zeros": torch.cat(list(of_zeros.values()), dim=1),
        }

    def _features(self, embeddings: dict[str, Tensor]) -> dict[str, Tensor]:
        return {
            "specific": torch.cat(list(embeddings.values()), dim=1),
            "invariant": torch.cat([self.invariance(e) for e in embeddings.values()], dim=1),
        }

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        embeddings = self.encode_all(batch.received, batch.lengths)
        features = self._features(embeddings)
        logits = self.classifier(torch.cat(list(features.values()), dim=1))
        invariant = list(features["invariant"].split(EMBEDDING, dim=1))
        return {
            "cross_entropy": functional.cross_entropy(logits, batch.label),
            "cmd": self.weight_cmd * central_moment_discrepancy(invariant),
        }
