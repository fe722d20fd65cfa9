"""NMER without its invariant loss: the last ablation of NMER's Table 2 (NMER, section 3.4).

Nothing holds the invariant features to the teacher's any more; the decoder still gets them.
"""

from torch import Tensor

from robust_mer.modality import FeatureShape
from robust_mer.models.model import Batch
from robust_mer.models.nmer.nmer import NMER
from robust_mer.models.nmer.settings import NMERSettings, NMERWithoutInvarianceSettings
from robust_mer.task import Task


class NMERWithoutInvariance(NMER):
    """`NMER` of the paper, less one part of its loss."""

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
