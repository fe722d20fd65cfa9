"""The frequencies of the training part: what a model must beat."""

import torch
from torch import Tensor

from robust_mer.models.baselines.constant import ConstantModel
from robust_mer.models.baselines.settings import MajoritySettings


class Majority(ConstantModel):
    """How often each class or label occurs in the training part, whatever the input."""

    settings_class = MajoritySettings
    settings: MajoritySettings

    def constant(self, target: Tensor) -> Tensor:
        """Logarithm of each class's share, or log odds of each label."""
        counts = torch.tensor(list(self.task.counts(target.numpy()).values()))
        share = counts / len(target)
        return share.log() if self.task.encoding == "class" else share.logit()
