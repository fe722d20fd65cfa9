"""Tasks: the targets, the width of a model's head, the loss and the metrics.

Nothing outside this module, the metrics and the models' heads knows that a target is a class.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from robust_mer.errors import InputError
from robust_mer.metrics import UA, WA, Metric
from robust_mer.settings import Plugin, Settings

if TYPE_CHECKING:
    from torch import Tensor


class Task(ABC):
    """What models predict for an utterance.

    To add a task, write a subclass and name it in the config as ``module:Class``.

    Attributes:
        outputs: Width of a model's head.
        metrics: Those that are reported, in the order of the tables' columns.
        selection: The metric by which the epoch is chosen on validation data.
    """

    settings_class: ClassVar[type[Settings]] = Settings
    column: ClassVar[str]
    """Column of ``utterances.csv`` that holds the target."""
    loss_name: ClassVar[str]
    """Of the loss, in training histories."""
    outputs: int
    metrics: tuple[Metric, ...]
    selection: Metric

    @classmethod
    @abstractmethod
    def read(cls, column: Sequence[str]) -> "tuple[Task, np.ndarray]":
        """The task of a corpus, and its targets [N] as `loss` and the metrics take them.

        Args:
            column: The column of the index, one text per utterance.

        Raises:
            InputError: an utterance's target cannot be read.
        """

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """The arguments of `from_description` for the same task; JSON."""

    @classmethod
    @abstractmethod
    def from_description(cls, description: dict[str, Any]) -> "Task":
        """The task that `describe` described."""

    @abstractmethod
    def check_training_part(self, target: np.ndarray) -> str | None:
        """A problem with the targets of a training part; None if they are fine."""

    @abstractmethod
    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """Mean loss of outputs [B, outputs] on targets [B]."""

    @abstractmethod
    def decide(self, output: "Tensor") -> "Tensor":
        """Predictions [...] from outputs [..., outputs], encoded as the targets are."""

    @abstractmethod
    def columns(self, target: np.ndarray, output: "Tensor") -> dict[str, Any]:
        """Columns of the predictions' file: target, prediction, and probabilities.

        Args:
            target: [n].
            output: [n, outputs].
        """


class Classification(Task):
    """One of several classes per utterance: cross-entropy, WA and UA; UA selects the epoch.

    Args:
        classes: Their names, sorted, so that they are the same in every stage.
    """

    column = "label"
    loss_name = "cross_entropy"

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = list(classes)
        self.outputs = len(self.classes)
        self.selection = UA(Settings())
        self.metrics = (WA(Settings()), self.selection)

    @classmethod
    def read(cls, column: Sequence[str]) -> "tuple[Classification, np.ndarray]":
        """The classes that occur, and the place of each utterance's class among them [N]."""
        if any(not label for label in column):
            raise InputError("an utterance has no label")
        task = cls(sorted(set(column)))
        place = {name: number for number, name in enumerate(task.classes)}
        return task, np.array([place[label] for label in column], dtype=np.int64)

    def describe(self) -> dict[str, Any]:
        """The classes' names."""
        return {"classes": self.classes}

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> "Classification":
        """The task with these classes."""
        return cls(description["classes"])

    def check_training_part(self, target: np.ndarray) -> str | None:
        """Whether some class has no training utterance."""
        absent = sorted(set(range(self.outputs)) - set(target.tolist()))
        names = ", ".join(self.classes[place] for place in absent)
        return f"no training utterance of: {names}" if absent else None

    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """Cross-entropy of logits [B, classes] on places of classes [B]."""
        from torch.nn import functional

        return functional.cross_entropy(output, target)

    def decide(self, output: "Tensor") -> "Tensor":
        """The most likely class."""
        return output.argmax(dim=-1)

    def columns(self, target: np.ndarray, output: "Tensor") -> dict[str, Any]:
        """``label``, ``predicted`` and ``probability_{class}``."""
        probability = output.double().softmax(dim=1).cpu().numpy()
        return {
            "label": [self.classes[place] for place in target],
            "predicted": [self.classes[place] for place in probability.argmax(axis=1)],
            **{f"probability_{name}": probability[:, k] for k, name in enumerate(self.classes)},
        }


TASKS = {
    "classification": "robust_mer.task:Classification",
}
"""Tasks by the name that the config gives."""

# Not from the registry, so that a new entry there reruns nothing.
DEFAULT_TASK = Plugin("robust_mer.task:Classification", {})
"""The task of every corpus."""
