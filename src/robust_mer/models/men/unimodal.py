"""One noisy modality straight into the classifier: NMER's benchmark of its Table 4.

Encoder and classifier are MEN's, which the released code of MMIN trains on single modalities too;
the paper gives neither them nor the training. Trained on the corruption that it is tested on, and
as no other modality is there to be clean, on the condition ``none``.
"""

from robust_mer.errors import InputError
from robust_mer.modality import FeatureShape
from robust_mer.models.men.men import MEN
from robust_mer.models.men.settings import UnimodalSettings
from robust_mer.task import Task


class Unimodal(MEN):
    """MEN of one modality.

    Raises:
        InputError: there is not exactly one modality.
    """

    settings_class = UnimodalSettings

    def __init__(
        self, settings: UnimodalSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        if len(inputs) != 1:
            raise InputError(f"unimodal takes one modality, not {len(inputs)}: {', '.join(inputs)}")
        super().__init__(settings, inputs, task)
