"""The majority class of the training part: what a model must beat."""

import torch
from torch import Tensor, nn

from robust_mer.metrics import ua
from robust_mer.models.fitted import FittedModel

SETTINGS: dict = {}


class Majority(FittedModel):
    """Class frequencies of the training part, whatever the input.

    Args:
        settings: None.
        widths: Feature dimensions per modality.
        classes: Number of classes.
    """

    def __init__(self, settings: dict, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(classes))

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        """Nothing of it: zeros [B, 1]."""
        return torch.zeros_like(lengths, dtype=frames.dtype)[:, None]

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        return self.logits + next(iter(embeddings.values()))

    def fit(
        self,
        embeddings: dict[str, Tensor],
        label: Tensor,
        validation: dict[str, Tensor],
        validation_label: Tensor,
    ) -> float:
        share = torch.bincount(label, minlength=len(self.logits)) / len(label)
        with torch.no_grad():
            self.logits.copy_(share.log())
            predicted = self(validation).argmax(dim=1)
        return ua(validation_label.numpy(), predicted.numpy())
