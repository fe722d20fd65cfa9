"""What the linear baselines share: pooled features, standardised, and a choice by validation."""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from robust_mer.modality import FeatureShape
from robust_mer.models.fitted import Embedded, FittedModel
from robust_mer.models.settings import ModelSettings
from robust_mer.tasks.task import Task


class PooledModel(FittedModel):
    """A linear layer on the mean and standard deviation over an utterance's frames.

    Args:
        settings: See `Model`.
        inputs: See `Model`.
        task: See `Model`.
    """

    def __init__(
        self, settings: ModelSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        width = sum(shape.width for shape in inputs.values())
        self.linear = nn.Linear(2 * width, task.outputs)

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        """Means and deviations [B, 2 D] over real frames; zeros for an utterance without any."""
        real = (torch.arange(frames.shape[1], device=frames.device) < lengths[:, None])[..., None]
        count = lengths.clamp(min=1)[:, None]
        mean = (frames * real).sum(dim=1) / count
        variance = ((frames - mean[:, None]) * real).square().sum(dim=1) / count
        return torch.cat([mean, variance.sqrt()], dim=1)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        return self.linear(torch.cat(list(embeddings.values()), dim=1))

    @property
    @abstractmethod
    def strengths(self) -> Sequence[float]:
        """Strengths of regularisation to choose from."""

    @abstractmethod
    def solve(
        self, features: np.ndarray, target: Tensor, weight: np.ndarray | None, strength: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Weights [outputs, features] and biases [outputs] for standardised features.

        Args:
            features: Of the training part [n, features].
            target: Of these [n, ...], as the task's loss takes it, none missing.
            weight: How much each row counts [n]; None: all the same.
            strength: Of regularisation.
        """

    def fit(self, train: Embedded, validation: Embedded) -> float:
        """Weights for standardised values, then folded into those for the values as they are."""
        train = train.known()
        pooled = torch.cat(list(train.values.values()), dim=1).double().numpy()
        scaler = StandardScaler().fit(pooled, sample_weight=train.weight)
        scaled = scaler.transform(pooled)
        best: float | None = None
        for strength in self.strengths:
            before = [parameter.detach().clone() for parameter in self.parameters()]
            self._take(*self.solve(scaled, train.target, train.weight, strength), scaler)
            reached = self.reached(validation)
            if best is None or self.is_better(reached, best):
                best = reached
            else:
                self._put_back(before)
        assert best is not None  # there is a strength
        return best

    def _take(self, weight: np.ndarray, bias: np.ndarray, scaler: StandardScaler) -> None:
        weights = torch.from_numpy(weight) / torch.from_numpy(scaler.scale_)
        with torch.no_grad():
            self.linear.weight.copy_(weights)
            self.linear.bias.copy_(
                torch.from_numpy(bias) - weights @ torch.from_numpy(scaler.mean_)
            )

    def _put_back(self, values: list[Tensor]) -> None:
        with torch.no_grad():
            for parameter, value in zip(self.parameters(), values, strict=True):
                parameter.copy_(value)
