"""What IF-MMIN, NMER and their teacher share: specific and modality-invariant features."""

import torch
from torch import Tensor

from robust_mer.modality import FeatureShape
from robust_mer.models.blocks import ENCODER_DROPOUT, InvarianceEncoder, modality_encoders
from robust_mer.models.model import Model
from robust_mer.models.settings import ModelSettings
from robust_mer.tasks.task import Task


class InvarianceModel(Model):
    """An encoder per modality, and one invariance encoder for all of them.

    A student takes both over from its teacher.

    Args:
        settings: See `Model`.
        inputs: See `Model`.
        task: See `Model`.
        dropout: Of the convolutional encoders.
    """

    def __init__(
        self,
        settings: ModelSettings,
        inputs: dict[str, FeatureShape],
        task: Task,
        dropout: float = ENCODER_DROPOUT,
    ) -> None:
        super().__init__(settings, inputs, task)
        self.encoders = modality_encoders(inputs, dropout)
        self.invariance = InvarianceEncoder()

    def start_from(self, teacher: Model) -> None:
        """Take over the teacher's specific and invariance encoders."""
        self.take_over(teacher, "encoders", "invariance")

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        return self.encoders[modality](frames, lengths)

    def features(self, embeddings: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Specific and invariant features, [B, 128 x modalities] each."""
        specific = torch.cat(list(embeddings.values()), dim=1)
        invariant = torch.cat([self.invariance(e) for e in embeddings.values()], dim=1)
        return specific, invariant
