"""The teacher of IF-MMIN and NMER: specific and invariant encoders trained on complete data.

It is pretrained with cross-entropy and CMD on specific and invariant features side by side (Zuo et
al. 2023). Its students start from its encoders, and its features of clean data are their targets.
"""

import torch
from torch import Tensor

from robust_mer.modality import FeatureShape
from robust_mer.models.blocks import (
    EMBEDDING,
    central_moment_discrepancy,
    classifier,
    initialise,
)
from robust_mer.models.invariance import InvarianceModel
from robust_mer.models.mmin.settings import InvarianceTeacherSettings
from robust_mer.models.model import Batch
from robust_mer.tasks.task import Task


class InvarianceTeacher(InvarianceModel):
    """Specific encoders, one invariance encoder for all modalities, classifier on both."""

    settings_class = InvarianceTeacherSettings
    settings: InvarianceTeacherSettings

    def __init__(
        self, settings: InvarianceTeacherSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        self.classifier = classifier(
            [2 * EMBEDDING * len(inputs), EMBEDDING, EMBEDDING, task.outputs], settings.dropout
        )
        initialise(self)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        return self.classifier(torch.cat(self.features(embeddings), dim=1))

    def teach(
        self, embeddings: dict[str, Tensor], of_zeros: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """``specific``, ``invariant`` and, of zeros, specific features, [B, 128 x modalities]."""
        specific, invariant = self.features(embeddings)
        return {
            "specific": specific,
            "invariant": invariant,
            "of_zeros": torch.cat(list(of_zeros.values()), dim=1),
        }

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        features = self.features(self.encode_all(batch.received, batch.lengths))
        output = self.classifier(torch.cat(features, dim=1))
        invariant = list(features[1].split(EMBEDDING, dim=1))
        return {
            self.task.loss_name: self.task.loss(output, batch.target),
            "cmd": self.settings.weight_cmd * central_moment_discrepancy(invariant),
        }
