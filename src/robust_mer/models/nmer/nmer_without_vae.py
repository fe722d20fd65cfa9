"""NMER without its VAE: the ablation "w/o VAE" (NMER, section 3.4).

Specific and invariant features of the received utterance go side by side straight into the
classifier. Without a VAE there is no generation loss; the invariant loss and NMER's training stay.
"""

import torch
from torch import Tensor
from torch.nn import functional

from robust_mer.modality import FeatureShape
from robust_mer.models.blocks import (
    EMBEDDING,
    InvarianceEncoder,
    classifier,
    initialise,
    modality_encoders,
)
from robust_mer.models.model import Batch, Model
from robust_mer.models.nmer.settings import NMERWithoutVAESettings
from robust_mer.task import Task


class NMERWithoutVAE(Model):
    """Specific and invariant features (768 of three modalities), classifier on both."""

    settings_class = NMERWithoutVAESettings
    settings: NMERWithoutVAESettings

    def __init__(
        self, settings: NMERWithoutVAESettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        joint = EMBEDDING * len(inputs)
        self.encoders = modality_encoders(inputs)
        self.invariance = InvarianceEncoder()
        self.classifier = classifier([2 * joint, joint, EMBEDDING, task.outputs], settings.dropout)
        initialise(self)

    def start_from(self, teacher: Model) -> None:
        """Take over the teacher's specific and invariance encoders."""
        self.take_over(teacher, "encoders", "invariance")

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        return self.encoders[modality](frames, lengths)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        specific = torch.cat(list(embeddings.values()), dim=1)
        return self.classifier(torch.cat([specific, self._invariant(embeddings)], dim=1))

    def _invariant(self, embeddings: dict[str, Tensor]) -> Tensor:
        return torch.cat([self.invariance(e) for e in embeddings.values()], dim=1)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """L = w_i MSE of the invariant feature + w_c CE."""
        settings = self.settings
        embeddings = self.encode_all(batch.received, batch.lengths)
        return {
            "invariant": settings.weight_invariant
            * functional.mse_loss(self._invariant(embeddings), batch.targets["invariant"]),
            self.task.loss_name: settings.weight_classification
            * self.task.loss(self(embeddings), batch.target),
        }
