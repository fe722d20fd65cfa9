"""Logistic regression on pooled features: what there is to win without a network."""

import torch
from sklearn.linear_model import LogisticRegression as Regression
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from robust_mer.modality import FeatureShape
from robust_mer.models.baselines.classification import FittedClassifier
from robust_mer.models.baselines.settings import LogisticRegressionSettings
from robust_mer.task import Task


class LogisticRegression(FittedClassifier):
    """A linear layer on the mean and standard deviation over an utterance's frames."""

    name = "logistic_regression"
    settings_class = LogisticRegressionSettings
    settings: LogisticRegressionSettings

    def __init__(
        self, settings: LogisticRegressionSettings, inputs: dict[str, FeatureShape], task: Task
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

    def fit(
        self,
        embeddings: dict[str, Tensor],
        target: Tensor,
        validation: dict[str, Tensor],
        validation_target: Tensor,
    ) -> float:
        """Weights for standardised values, then folded into those for the values as they are."""
        pooled = torch.cat(list(embeddings.values()), dim=1).double().numpy()
        scaler = StandardScaler().fit(pooled)
        scaled = scaler.transform(pooled)
        best = -1.0
        for strength in self.settings.strengths:
            regression = Regression(C=strength, max_iter=self.settings.max_iterations)
            regression.fit(scaled, target.numpy())
            before = [parameter.detach().clone() for parameter in self.parameters()]
            self._take(regression, scaler)
            reached = self.reached(validation, validation_target)
            if reached > best:
                best = reached
            else:
                self._put_back(before)
        return best

    def _take(self, regression: Regression, scaler: StandardScaler) -> None:
        weight, bias = torch.from_numpy(regression.coef_), torch.from_numpy(regression.intercept_)
        if len(weight) == 1:  # of two classes scikit-learn gives the second one's alone
            weight, bias = torch.cat([0 * weight, weight]), torch.cat([0 * bias, bias])
        weight = weight / torch.from_numpy(scaler.scale_)
        with torch.no_grad():
            self.linear.weight.copy_(weight)
            self.linear.bias.copy_(bias - weight @ torch.from_numpy(scaler.mean_))

    def _put_back(self, values: list[Tensor]) -> None:
        with torch.no_grad():
            for parameter, value in zip(self.parameters(), values, strict=True):
                parameter.copy_(value)
