"""What the baselines that predict classes share."""

from typing import ClassVar

from robust_mer.errors import InputError
from robust_mer.modality import FeatureShape
from robust_mer.models.fitted import FittedModel
from robust_mer.models.settings import ModelSettings
from robust_mer.task import Classification, Task


class FittedClassifier(FittedModel):
    """A fitted model that predicts classes.

    Args:
        settings: See `Model`.
        inputs: See `Model`.
        task: What is predicted.

    Raises:
        InputError: the task has no classes.
    """

    name: ClassVar[str]
    """In the config."""

    def __init__(
        self, settings: ModelSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        if not isinstance(task, Classification):
            raise InputError(
                f"the model {self.name} predicts classes, but the task is {type(task).__name__}; "
                "leave the model out of the experiment"
            )
