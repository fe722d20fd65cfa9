"""NMER without its invariant loss: the last ablation of NMER's Table 2 (NMER, section 3.4).

Nothing holds the invariant features to the teacher's any more; the decoder still gets them.
"""

from torch import Tensor

from robust_mer.models.model import Batch
from robust_mer.models.nmer import NMER, TRAINING, VAE, VAE_LIMITS

SETTINGS = {**TRAINING, **VAE}

LIMITS = {**VAE_LIMITS}


class NMERWithoutInvariance(NMER):
    """`NMER` of the paper, less one part of its loss.

    Args:
        settings: As ``SETTINGS``.
        widths: Feature dimensions per modality.
        classes: Number of classes.
    """

    def __init__(self, settings: dict, widths: dict[str, int], classes: int) -> None:
        of_nmer = {**settings, "weight_invariant": 0.0, "variant": "paper"}
        super().__init__(of_nmer, widths, classes)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        parts = super().loss(batch)
        del parts["invariant"]
        return parts
