"""What the baselines share that give one answer to everything."""

from abc import abstractmethod

import torch
from torch import Tensor, nn

from robust_mer.modality import FeatureShape
from robust_mer.models.fitted import Embedded, FittedModel
from robust_mer.models.settings import ModelSettings
from robust_mer.tasks.task import Task


class ConstantModel(FittedModel):
    """A model whose outputs do not depend on the input.

    Args:
        settings: See `Model`.
        inputs: See `Model`.
        task: See `Model`.
    """

    def __init__(
        self, settings: ModelSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        self.outputs = nn.Parameter(torch.zeros(task.outputs))

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        """Nothing of it: zeros [B, 1]."""
        return torch.zeros_like(lengths, dtype=frames.dtype)[:, None]

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        return self.outputs + next(iter(embeddings.values()))

    @abstractmethod
    def constant(self, target: Tensor) -> Tensor:
        """The outputs [outputs] for targets [n, ...] of the training part, none missing."""

    def fit(self, train: Embedded, validation: Embedded) -> float:
        """Weights do not matter: they are the same for every utterance."""
        with torch.no_grad():
            self.outputs.copy_(self.constant(train.known().target))
        return self.reached(validation)
