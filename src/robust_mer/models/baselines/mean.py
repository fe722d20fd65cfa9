"""The mean of the training part: what a model must beat."""

from torch import Tensor

from robust_mer.models.baselines.constant import ConstantModel
from robust_mer.models.baselines.settings import MeanSettings


class Mean(ConstantModel):
    """The mean of each number in the training part, whatever the input."""

    settings_class = MeanSettings
    settings: MeanSettings

    def constant(self, target: Tensor) -> Tensor:
        """Means of the targets, as outputs."""
        return self.task.ideal(target).mean(dim=0)
