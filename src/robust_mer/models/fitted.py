"""Models that a library fits to embeddings at once, without epochs."""

import math
from abc import abstractmethod

import torch
from torch import Tensor

from robust_mer.models.model import Batch, Model


class FittedModel(Model):
    """A model whose ``encode`` learns nothing, and whose other parts are fitted to its output."""

    @abstractmethod
    def fit(
        self,
        embeddings: dict[str, Tensor],
        target: Tensor,
        validation: dict[str, Tensor],
        validation_target: Tensor,
    ) -> float:
        """Fit to embeddings [n, E] of the training part, under every training condition.

        Args:
            embeddings: Per modality.
            target: [n, ...], as the task's loss takes it.
            validation: As ``embeddings``, of the validation part, to choose hyperparameters.
            validation_target: Of these.

        Returns:
            The task's selection metric on the validation part.
        """

    def reached(self, embeddings: dict[str, Tensor], target: Tensor) -> float:
        """The task's selection metric of predictions from embeddings [n, E] on targets [n, ...]."""
        with torch.no_grad():
            predicted = self.task.decide(self(embeddings))
        return self.task.selection.of(self.task.truth(target.numpy()), predicted.numpy())

    def is_better(self, one: float, other: float) -> bool:
        """Whether a value of the selection metric is better than another; NaN is the worst."""
        if math.isnan(one) or math.isnan(other):
            return math.isnan(other) and not math.isnan(one)
        return one > other if self.task.selection.higher_is_better else one < other

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """It has none.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(f"{type(self).__name__} is fitted, not trained")
