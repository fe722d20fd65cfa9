"""One noisy modality straight into the classifier: NMER's benchmark of its Table 4.

Encoder and classifier are MEN's, which the released code of MMIN trains on single modalities too;
the paper gives neither them nor the training. Trained on the corruption that it is tested on, and
as no other modality is there to be clean, on the condition ``none``.
"""

from robust_mer.errors import InputError
from robust_mer.models.men import MEN
from robust_mer.models.men import SETTINGS as OF_MEN

SETTINGS = {**OF_MEN}


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
