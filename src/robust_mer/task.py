"""Tasks: the targets, the width of a model's head, the loss and the metrics.

Nothing outside this module, the metrics and the models' heads knows that a target is a class.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from robust_mer.errors import InputError
from robust_mer.metrics import UA, WA, Metric
from robust_mer.settings import Plugin, Settings

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Answer:
    """What a model says about one utterance."""

    value: dict[str, Any]
    """The prediction by the name of what is predicted, e.g. ``{"emotion": "happy"}``; JSON."""
    probabilities: dict[str, float]
    """By class, the most probable one first; empty if the model gives none."""


@dataclass(frozen=True)
class Texts:
    """A column of texts."""

    values: list[str]
    """The different ones."""
    place: np.ndarray
    """Which of them each row has [n]."""


Columns = Mapping[str, "np.ndarray | Texts"]
"""Columns of a predictions file by name: numbers [n] or texts."""

_PROBABILITY = "probability_"


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
    answer_columns: ClassVar[tuple[str, ...]]
    """Columns of a predictions file that `of_answers` and `answers` read."""
    has_confidence: ClassVar[bool] = False
    """Whether `confidence` exists, so that the calibration of models can be measured."""
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

    @classmethod
    @abstractmethod
    def of_answers(cls, table: Columns) -> "Task":
        """The task of some rows of a predictions file, if only these are known.

        Args:
            table: `answer_columns` of the rows.
        """

    @abstractmethod
    def answers(self, table: Columns) -> tuple[np.ndarray, np.ndarray]:
        """Targets and predictions [n] in some rows of a predictions file, as metrics take them.

        Args:
            table: `answer_columns` of the rows.
        """

    def confidence(self, table: Columns) -> np.ndarray:
        """Probability that each prediction is right [n], as the model states it.

        Args:
            table: All columns of some rows of a predictions file.
        """
        raise NotImplementedError(f"{type(self).__name__} has no confidence")

    @abstractmethod
    def counts(self, target: np.ndarray) -> dict[str, int]:
        """How often each class occurs among some targets; empty if there are no classes."""

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

    @abstractmethod
    def answer(self, output: "Tensor") -> Answer:
        """What the outputs [outputs] of one utterance say."""


class Classification(Task):
    """One of several classes per utterance: cross-entropy, WA and UA; UA selects the epoch.

    Args:
        classes: Their names, sorted, so that they are the same in every stage.
    """

    column = "label"
    loss_name = "cross_entropy"
    answer_columns = ("label", "predicted")
    has_confidence = True

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

    @classmethod
    def of_answers(cls, table: Columns) -> "Classification":
        """The classes that are targets or predicted."""
        return cls(
            sorted({name for one in cls.answer_columns for name in _texts(table[one]).values})
        )

    def answers(self, table: Columns) -> tuple[np.ndarray, np.ndarray]:
        """Places of the classes [n]; -1 for a prediction that is none of the classes."""
        target, predicted = (self._places(table[column]) for column in self.answer_columns)
        return target, predicted

    def _places(self, column: np.ndarray | Texts) -> np.ndarray:
        texts, place = _texts(column), {name: n for n, name in enumerate(self.classes)}
        places: np.ndarray = np.array([place.get(name, -1) for name in texts.values], np.int16)
        places = places[texts.place]
        return places

    def confidence(self, table: Columns) -> np.ndarray:
        """Probability of the predicted class [n]."""
        names = [name for name in table if name.startswith(_PROBABILITY)]
        probability: np.ndarray = np.max(np.array([table[name] for name in names]), axis=0)
        return probability

    def counts(self, target: np.ndarray) -> dict[str, int]:
        """Utterances of each class."""
        sizes = np.bincount(target, minlength=self.outputs)
        return dict(zip(self.classes, sizes.tolist(), strict=True))

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
            **{f"{_PROBABILITY}{name}": probability[:, k] for k, name in enumerate(self.classes)},
        }

    def answer(self, output: "Tensor") -> Answer:
        """The most probable class as ``emotion``, and the probabilities of all."""
        probability = output.double().softmax(0).tolist()
        ordered = sorted(zip(probability, self.classes, strict=True), reverse=True)
        probabilities = {name: value for value, name in ordered}
        return Answer({"emotion": next(iter(probabilities))}, probabilities)


def _texts(column: np.ndarray | Texts) -> Texts:
    if not isinstance(column, Texts):
        raise InputError("classes must be texts, not numbers")
    return column


TASKS = {
    "classification": "robust_mer.task:Classification",
}
"""Tasks by the name that the config gives."""

# Not from the registry, so that a new entry there reruns nothing.
DEFAULT_TASK = Plugin("robust_mer.task:Classification", {})
"""The task of every corpus."""
