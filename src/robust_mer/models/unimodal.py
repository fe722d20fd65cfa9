"""One noisy modality straight into the classifier: NMER's benchmark of its Table 4.

Encoder and classifier are MEN's, which the released code of MMIN trains on single modalities too;
the paper gives neither them nor the training. Trained on the corruption that it is tested on, and
as no other modality is there to be clean, on the condition ``none``.
"""

from robust_mer.errors import InputError
from robust_mer.models.men import MEN

SETTINGS = {
    # adam or adamw
    "optimiser": "adam",
    "learning_rate": 2e-4,
    # decay of the optimiser's first moment
    "beta1": 0.9,
    "weight_decay": 0.0,
    "batch_size": 128,
    # epochs with the full learning rate, then epochs in which it falls linearly towards zero
    "epochs_constant": 10,
    "epochs_falling": 10,
    # gradient norm at which each sub-network is clipped
    "clip_norm": 0.5,
    # of the classifier
    "dropout": 0.3,
}


class Unimodal(MEN):
    """MEN of one modality.

    Args:
        settings: As ``SETTINGS``.
        widths: Feature dimensions of the modality.
        classes: Number of classes.

    Raises:
        InputError: there is not exactly one modality.
    """

    def __init__(self, settings: dict, widths: dict[str, int], classes: int) -> None:
        if len(widths) != 1:
            raise InputError(f"unimodal takes one modality, not {len(widths)}: {', '.join(widths)}")
        super().__init__(settings, widths, classes)
