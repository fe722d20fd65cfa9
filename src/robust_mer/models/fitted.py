"""Models that a library fits to embeddings at once, without epochs."""

import math
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from robust_mer.models.model import Batch, Model


@dataclass(frozen=True)
class Embedded:
    """Utterances as a model is fitted to them, under every condition of its training."""

    values: dict[str, Tensor]
    """Embeddings [n, E] per modality."""
    target: Tensor
    """[n, ...], as the task's loss takes it."""
    weight: np.ndarray | None = None
    """How much each row counts [n], 1 on average; None: all the same."""

    def known(self) -> "Embedded":
        """Those whose targets are known."""
        known = ~self.target.isnan().reshape(len(self.target), -1).any(dim=1)
        weight = None if self.weight is None else self.weight[known.numpy()]
        return Embedded({m: v[known] for m, v in self.values.items()}, self.target[known], weight)


class FittedModel(Model):
    """A model whose ``encode`` learns nothing, and whose other parts are fitted to its output."""

    @abstractmethod
    def fit(self, train: Embedded, validation: Embedded) -> float:
        """Fit to the training part.

        Args:
            train: The training part.
            validation: The validation part, to choose hyperparameters.

        Returns:
            The task's selection metric on the validation part.
        """

    def reached(self, part: Embedded) -> float:
        """The task's selection metric of the predictions for a part."""
        with torch.no_grad():
            predicted = self.task.decide(self(part.values)).numpy()
        truth, metric = self.task.truth(part.target.numpy()), self.task.selection
        if part.weight is None:
            return metric.of(truth, predicted)
        return float(metric.weighted(truth, predicted[:, None], part.weight[None])[0, 0])

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
