"""MMIN: imagines the embeddings of missing modalities from the available ones (Zhao et al. 2021).

The teacher is a frozen MEN of the same fold, and the encoders start from its encoders. A cascade of
residual autoencoders (CRA) turns the received embeddings h into the teacher's embeddings of what is
missing. A second one turns these back into h. The classifier sees the codes of the first.

Sizes, weights, schedule and initial weights are those of the released code, so no variant follows
it. One thing is left out: its maximum runs over padding too, so that a prediction depends on the
longest utterance of its batch.

MMIN was not made for noise. Under noise the noisy modalities count as missing: the model receives
them as they are and is not mask-aware; the teacher receives their clean version.
"""

import torch
from torch import Tensor
from torch.nn import functional

from robust_mer.modality import FeatureShape
from robust_mer.models.blocks import (
    EMBEDDING,
    ResidualAutoencoder,
    classifier,
    imagination_target,
    initialise,
    modality_encoders,
)
from robust_mer.models.mmin.settings import MMINSettings
from robust_mer.models.model import Batch, Model
from robust_mer.tasks.task import Task


class MMIN(Model):
    """An encoder per modality, imagination forwards and backwards, classifier on the codes."""

    settings_class = MMINSettings
    settings: MMINSettings

    def __init__(self, settings: MMINSettings, inputs: dict[str, FeatureShape], task: Task) -> None:
        super().__init__(settings, inputs, task)
        joint = EMBEDDING * len(inputs)
        self.encoders = modality_encoders(inputs)
        self.imagination = ResidualAutoencoder(joint)
        self.cycle = ResidualAutoencoder(joint)
        self.classifier = classifier(
            [ResidualAutoencoder.LATENT, EMBEDDING, EMBEDDING, task.outputs], settings.dropout
        )
        initialise(self)

    def start_from(self, teacher: Model) -> None:
        """Take over the teacher's encoders."""
        self.take_over(teacher, "encoders")

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        return self.encoders[modality](frames, lengths)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        """Outputs [B, task.outputs] from the codes of the imagination [B, 320]."""
        _, latent = self.imagination(torch.cat(list(embeddings.values()), dim=1))
        return self.classifier(latent)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """L = CE + w_i MSE(imagined, teacher's) + w_c MSE(back again, h)."""
        settings = self.settings
        embedding = torch.cat(list(self.encode_all(batch.received, batch.lengths).values()), dim=1)
        imagined, latent = self.imagination(embedding)
        returned, _ = self.cycle(imagined)
        target = imagination_target(batch.targets, batch.is_clean)
        return {
            "imagination": settings.weight_imagination * functional.mse_loss(imagined, target),
            # h is a target here; the encoders must not be drawn towards the output.
            "cycle": settings.weight_cycle * functional.mse_loss(returned, embedding.detach()),
            self.task.loss_name: self.task.loss(self.classifier(latent), batch.target),
        }
