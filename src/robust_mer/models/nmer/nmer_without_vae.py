"""NMER without its VAE: the ablation "w/o VAE" (NMER, section 3.4).

Specific and invariant features of the received utterance go straight into the classifier, side by
side. Without a VAE there is no generation loss. The invariant loss, dropout, training and the
classifier's hidden layers are NMER's.
"""

import torch
from torch import Tensor
from torch.nn import functional

from robust_mer.modality import FeatureShape
from robust_mer.models.blocks import classifier, initialise
from robust_mer.models.invariance import InvarianceModel
from robust_mer.models.model import Batch
from robust_mer.models.nmer.settings import NMERWithoutVAESettings
from robust_mer.models.settings import EMBEDDING
from robust_mer.tasks.task import Task


class NMERWithoutVAE(InvarianceModel):
    """Specific and invariant features (768 of three modalities), classifier on both."""

    settings_class = NMERWithoutVAESettings
    settings: NMERWithoutVAESettings

    def __init__(
        self, settings: NMERWithoutVAESettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task, settings.dropout_encoder)
        joint = EMBEDDING * len(inputs)
        self.classifier = classifier([2 * joint, joint, EMBEDDING, task.outputs], settings.dropout)
        initialise(self)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        return self.classifier(torch.cat(self.features(embeddings), dim=1))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """L = w_i MSE of the invariant feature + w_c CE."""
        settings = self.settings
        features = self.features(self.encode_all(batch.received, batch.lengths))
        output = self.classifier(torch.cat(features, dim=1))
        return {
            "invariant": settings.weight_invariant
            * functional.mse_loss(features[1], batch.targets["invariant"]),
            self.task.loss_name: settings.weight_classification
            * self.task.loss(output, batch.target),
        }
