"""One noisy modality straight into the classifier: NMER's benchmark of its Table 4.

Encoder and classifier are MEN's; the released code of MMIN trains it on single modalities too. The
paper gives neither the network nor the training. The model is trained on the corruption of the test
and, because no other modality can be clean, on the condition ``none``.
"""

from robust_mer.errors import InputError
from robust_mer.modality import FeatureShape
from robust_mer.models.men.men import MEN
from robust_mer.models.men.settings import UnimodalSettings
from robust_mer.tasks.task import Task


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
