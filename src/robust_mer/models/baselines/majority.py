"""The majority class of the training part: what a model must beat."""

import torch
from torch import Tensor, nn

from robust_mer.modality import FeatureShape
from robust_mer.models.baselines.classification import FittedClassifier
from robust_mer.models.baselines.settings import MajoritySettings
from robust_mer.task import Task


class Majority(FittedClassifier):
    """Class frequencies of the training part, whatever the input."""

    name = "majority"
    settings_class = MajoritySettings
    settings: MajoritySettings

    def __init__(
        self, settings: MajoritySettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        self.logits = nn.Parameter(torch.zeros(task.outputs))

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        """Nothing of it: zeros [B, 1]."""
        return torch.zeros_like(lengths, dtype=frames.dtype)[:, None]

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        return self.logits + next(iter(embeddings.values()))

    def fit(
        self,
        embeddings: dict[str, Tensor],
        target: Tensor,
        validation: dict[str, Tensor],
        validation_target: Tensor,
    ) -> float:
        share = torch.bincount(target, minlength=len(self.logits)) / len(target)
        with torch.no_grad():
            self.logits.copy_(share.log())
        return self.reached(validation, validation_target)
