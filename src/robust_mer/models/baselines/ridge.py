"""Ridge regression on pooled features: what there is to win without a network."""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import Ridge as Regression
from torch import Tensor

from robust_mer.models.baselines.pooled import PooledModel
from robust_mer.models.baselines.settings import RidgeSettings


class Ridge(PooledModel):
    """Least squares with a penalty on the weights."""

    settings_class = RidgeSettings
    settings: RidgeSettings

    @property
    def strengths(self) -> Sequence[float]:
        """Penalties on the sum of squares of the weights."""
        return self.settings.strengths

    def solve(
        self, features: np.ndarray, target: Tensor, weight: np.ndarray | None, strength: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """In closed form."""
        regression = Regression(alpha=strength)
        ideal = self.task.ideal(target).double().numpy()
        regression.fit(features, ideal, sample_weight=weight)
        # Of one target scikit-learn gives no axis of targets.
        return np.atleast_2d(regression.coef_), np.atleast_1d(regression.intercept_)
