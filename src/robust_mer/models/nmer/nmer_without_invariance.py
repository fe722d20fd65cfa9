"""NMER without its invariant loss: the last ablation of NMER's Table 2 (NMER, section 3.4).

No loss compares the invariant features with the teacher's; the decoder still receives them.
"""

from torch import Tensor

from robust_mer.modality import FeatureShape
from robust_mer.models.model import Batch
from robust_mer.models.nmer.nmer import NMER
from robust_mer.models.nmer.settings import NMERSettings, NMERWithoutInvarianceSettings
from robust_mer.tasks.task import Task


class NMERWithoutInvariance(NMER):
    """`NMER` of the paper without the invariant loss."""

    settings_class = NMERWithoutInvarianceSettings

    def __init__(
        self,
        settings: NMERWithoutInvarianceSettings,
        inputs: dict[str, FeatureShape],
        task: Task,
    ) -> None:
        super().__init__(NMERSettings(**settings.model_dump(), weight_invariant=0.0), inputs, task)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        parts = super().loss(batch)
        del parts["invariant"]
        return parts
