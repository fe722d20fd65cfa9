"""Logistic regression on pooled features: what there is to win without a network."""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression as Regression
from torch import Tensor

from robust_mer.models.baselines.pooled import PooledModel
from robust_mer.models.baselines.settings import LogisticRegressionSettings


class LogisticRegression(PooledModel):
    """Multinomial for classes; one regression per label for several labels."""

    settings_class = LogisticRegressionSettings
    settings: LogisticRegressionSettings

    @property
    def strengths(self) -> Sequence[float]:
        """Inverse ones."""
        return self.settings.strengths

    def solve(
        self, features: np.ndarray, target: Tensor, weight: np.ndarray | None, strength: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """By L-BFGS."""
        truth = self.task.truth(target.numpy())
        if truth.ndim == 1:
            slope, bias = self._regression(features, truth, weight, strength)
            if len(slope) == 1:  # of two classes scikit-learn gives the second one's alone
                slope, bias = (
                    np.concatenate([0 * slope, slope]),
                    np.concatenate([0 * bias, bias]),
                )
            return slope, bias
        pairs = [self._regression(features, label, weight, strength) for label in truth.T]
        return np.concatenate([w for w, _ in pairs]), np.concatenate([b for _, b in pairs])

    def _regression(
        self, features: np.ndarray, target: np.ndarray, weight: np.ndarray | None, strength: float
    ) -> tuple[np.ndarray, np.ndarray]:
        regression = Regression(C=strength, max_iter=self.settings.max_iterations)
        regression.fit(features, target, sample_weight=weight)
        return regression.coef_, regression.intercept_
