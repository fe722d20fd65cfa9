"""IF-MMIN: MMIN whose imagination is led by modality-invariant features (Zuo et al. 2023).

The teacher is pretrained with cross-entropy and CMD (`robust_mer.models.mmin.invariance_teacher`).
Specific and invariance encoders start from it. A cascade of residual autoencoders (CRA) imagines
what is missing; each block also receives the invariant feature s. There is no way back. The
classifier sees the codes.

This agrees with the released code since September 2024, so no variant follows it. In the first
upload no block received the output of the block before it; its authors call this a mistake (issue 2
of ZhuoYulang/IF-MMIN). Its maximum over padding is left out, because it makes a prediction depend
on the longest utterance of its batch. The weight of 100 comes from its script, where it has a name
that the model does not read.

Under noise the noisy modalities count as missing, as in MMIN.
"""

from torch import Tensor
from torch.nn import functional

from robust_mer.modality import FeatureShape
from robust_mer.models.blocks import (
    EMBEDDING,
    ResidualAutoencoder,
    classifier,
    imagination_target,
    initialise,
)
from robust_mer.models.invariance import InvarianceModel
from robust_mer.models.mmin.settings import IFMMINSettings
from robust_mer.models.model import Batch
from robust_mer.tasks.task import Task


class IFMMIN(InvarianceModel):
    """An encoder per modality, one invariance encoder, imagination, classifier on the codes."""

    settings_class = IFMMINSettings
    settings: IFMMINSettings

    def __init__(
        self, settings: IFMMINSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        self.imagination = ResidualAutoencoder(EMBEDDING * len(inputs))
        self.classifier = classifier(
            [ResidualAutoencoder.LATENT, EMBEDDING, EMBEDDING, task.outputs], settings.dropout
        )
        initialise(self)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        """Outputs [B, task.outputs] from the codes of the imagination [B, 320]."""
        _, latent, _ = self._imagine(embeddings)
        return self.classifier(latent)

    def _imagine(self, embeddings: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Imagined and, last, invariant features [B, 128 x modalities]; codes [B, 320]."""
        specific, invariant = self.features(embeddings)
        return *self.imagination(specific, invariant), invariant

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """L = CE + w_f MSE(imagined, teacher's) + w_i MSE(invariant, teacher's of clean data)."""
        settings = self.settings
        imagined, latent, invariant = self._imagine(self.encode_all(batch.received, batch.lengths))
        target = imagination_target(batch.targets, batch.is_clean)
        return {
            "imagination": settings.weight_imagination * functional.mse_loss(imagined, target),
            "invariant": settings.weight_invariant
            * functional.mse_loss(invariant, batch.targets["invariant"]),
            self.task.loss_name: self.task.loss(self.classifier(latent), batch.target),
        }
