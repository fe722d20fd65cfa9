"""NMER without its invariant loss: the last ablation of NMER's Table 2 (NMER, section 3.4).

Nothing holds the invariant features to the teacher's any more; the decoder still gets them.
"""

from torch import Tensor

from robust_mer.models.model import Batch
from robust_mer.models.nmer import NMER

SETTINGS = {
    # adam or adamw (paper, section 3.3)
    "optimiser": "adamw",
    "learning_rate": 2e-4,
    # decay of the optimiser's first moment; this and weight decay are not given in the paper
    "beta1": 0.9,
    "weight_decay": 0.01,
    "batch_size": 128,
    # 60 epochs in the paper; that the rate is constant for half of them is ours
    "epochs_constant": 30,
    "epochs_falling": 30,
    # gradient norm at which each sub-network is clipped
    "clip_norm": 1.0,
    # of Transformer and classifier
    "dropout": 0.5,
    # the rest as in NMER
    "layers": 5,
    "heads": 16,
    "feed_forward": 768,
    "tokens": "utterance",
    "latent": 64,
    "weight_generation": 1.0,
    "weight_classification": 1.0,
    "kl": "mean",
}

LIMITS = {
    "kl": ["mean", "sum_latent", "sum"],
    "layers": (1, 1000),
    "latent": (1, 100_000),
    "tokens": ["utterance", "features"],
}


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
