"""MEN: the modality encoder network, trained on complete clean data (Zhao et al. 2021).

NMER's baseline without any defence: trained on clean data, tested under noise (NMER, section 3.4).
"""

from typing import ClassVar

import torch
from torch import Tensor

from robust_mer.modality import FeatureShape
from robust_mer.models.blocks import classifier, initialise, modality_encoders
from robust_mer.models.men.settings import MENSettings
from robust_mer.models.model import Batch, Model
from robust_mer.models.settings import EMBEDDING, ModelSettings
from robust_mer.tasks.task import Task


class MEN(Model):
    """An encoder per modality, embeddings side by side, three linear layers."""

    settings_class: ClassVar[type[ModelSettings]] = MENSettings
    settings: MENSettings

    def __init__(self, settings: MENSettings, inputs: dict[str, FeatureShape], task: Task) -> None:
        super().__init__(settings, inputs, task)
        self.encoders = modality_encoders(inputs)
        self.classifier = classifier(
            [EMBEDDING * len(inputs), EMBEDDING, EMBEDDING, task.outputs], settings.dropout
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
        output = self(self.encode_all(batch.received, batch.lengths))
        return {self.task.loss_name: self.task.loss(output, batch.target)}
