"""The teacher of IF-MMIN and NMER: specific and invariant encoders trained on complete data.

Pretrained with cross-entropy and CMD on specific and invariant features side by side (Zuo et al.
2023). Its students start from its encoders and are held to its features of clean data.
"""

import torch
from torch import Tensor

from robust_mer.modality import FeatureShape
from robust_mer.models.blocks import (
    EMBEDDING,
    InvarianceEncoder,
    central_moment_discrepancy,
    classifier,
    initialise,
    modality_encoders,
)
from robust_mer.models.mmin.settings import InvarianceTeacherSettings
from robust_mer.models.model import Batch, Model
from robust_mer.task import Task


class InvarianceTeacher(Model):
    """Specific encoders, one invariance encoder for all modalities, classifier on both."""

    settings_class = InvarianceTeacherSettings
    settings: InvarianceTeacherSettings

    def __init__(
        self, settings: InvarianceTeacherSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        self.encoders = modality_encoders(inputs)
        self.invariance = InvarianceEncoder()
        self.classifier = classifier(
            [2 * EMBEDDING * len(inputs), EMBEDDING, EMBEDDING, task.outputs], settings.dropout
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
            self.task.loss_name: self.task.loss(logits, batch.target),
            "cmd": self.settings.weight_cmd * central_moment_discrepancy(invariant),
        }
