"""Logistic regression on pooled features: what there is to win without a network."""

import torch
from sklearn.linear_model import LogisticRegression as Regression
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from robust_mer.metrics import ua
from robust_mer.models.fitted import FittedModel

SETTINGS = {
    # inverse strengths of regularisation; the one with the best validation UA is taken
    "strengths": [0.0001, 0.001, 0.01, 0.1, 1.0],
    "max_iterations": 1000,
}


class LogisticRegression(FittedModel):
    """Mean and standard deviation of every dimension over an utterance's frames, one linear layer.

    Args:
        settings: As ``SETTINGS``.
        widths: Feature dimensions per modality.
        classes: Number of classes.
    """

    def __init__(self, settings: dict, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        self.settings = settings
        self.linear = nn.Linear(2 * sum(widths.values()), classes)

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
        label: Tensor,
        validation: dict[str, Tensor],
        validation_label: Tensor,
    ) -> float:
        """Weights for standardised values, then folded into those for the values as they are."""
        pooled = torch.cat(list(embeddings.values()), dim=1).double().numpy()
        scaler = StandardScaler().fit(pooled)
        scaled = scaler.transform(pooled)
        best = -1.0
        for strength in self.settings["strengths"]:
            found = Regression(C=strength, max_iter=self.settings["max_iterations"])
            found.fit(scaled, label.numpy())
            kept = [parameter.detach().clone() for parameter in self.parameters()]
            self._take(found, scaler)
            with torch.no_grad():
                reached = ua(validation_label.numpy(), self(validation).argmax(dim=1).numpy())
            if reached > best:
                best = reached
            else:
                self._put_back(kept)
        return best

    def _take(self, found: Regression, scaler: StandardScaler) -> None:
        weight, bias = torch.from_numpy(found.coef_), torch.from_numpy(found.intercept_)
        if len(weight) == 1:  # of two classes scikit-learn gives the second one's alone
            weight, bias = torch.cat([0 * weight, weight]), torch.cat([0 * bias, bias])
        weight = weight / torch.from_numpy(scaler.scale_)
        with torch.no_grad():
            self.linear.weight.copy_(weight)
            self.linear.bias.copy_(bias - weight @ torch.from_numpy(scaler.mean_))

    def _put_back(self, kept: list[Tensor]) -> None:
        with torch.no_grad():
            for parameter, value in zip(self.parameters(), kept, strict=True):
                parameter.copy_(value)
