"""What a task is: the targets, the width of a model's head, the loss and the metrics.

Nothing outside the tasks, the metrics and the models' heads knows what a target is.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from robust_mer.errors import InputError
from robust_mer.metrics.metric import Metric
from robust_mer.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor


@dataclass(frozen=True)
class Answer:
    """What a model says about one utterance."""

    value: dict[str, Any]
    """The prediction by the name of what is predicted, e.g. ``{"emotion": "happy"}``; JSON."""
    probabilities: dict[str, float] = field(default_factory=dict)
    """By class, the most probable one first; empty if the model gives none."""
    ranges: dict[str, list[float]] = field(default_factory=dict)
    """Least and greatest value of each number in ``value``."""


@dataclass(frozen=True)
class Texts:
    """A column of texts."""

    values: list[str]
    """The different ones."""
    place: np.ndarray
    """Which of them each row has [n]."""


Columns = Mapping[str, "np.ndarray | Texts"]
"""Columns of a predictions file by name: numbers [n] or texts."""

KEYS = ("utterance", "fold", "seed", "part", "condition")
"""Columns of a predictions file that say what a row is about; the others are the task's."""
PEEKED_KEYS = ("utterance", "fold", "seed", "epoch", "corruption", "condition")
"""Likewise, of a file of answers after every epoch."""


class TargetSettings(Settings):
    """Settings of every task: the keys of a corpus that say what is predicted."""

    target: Any
    """Column of the index, or several."""
    selection: str
    """Name of the metric by which epochs are chosen and models are compared."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the index."""
        return (self.target,) if isinstance(self.target, str) else tuple(self.target)


class Task(ABC):
    """What models predict for an utterance.

    To add a task, write a subclass and name it in the config as ``module:Class``. A task is made
    from settings alone to plan a run; `read` adds what it learns from a corpus. Targets are arrays
    [N, ...] as `loss` takes them. `truth` turns them into what metrics take.

    Args:
        settings: Of the type ``settings_class``.
    """

    settings_class: ClassVar[type[TargetSettings]] = TargetSettings
    encoding: ClassVar[str]
    """What metrics take: ``class`` (places of classes [n]), ``number`` ([n, targets]) or ``label``
    (which are present, bool [n, labels])."""
    selectable: ClassVar[dict[str, type[Metric]]]
    """The metrics by which epochs can be chosen, by name."""
    recorded: ClassVar[tuple[str, ...]]
    """Names of those that training records."""
    loss_name: ClassVar[str]
    """Of the loss, in training histories."""
    empty: tuple[str, ...] = ("", "nan")
    """Cells of the index without a target."""
    has_confidence: ClassVar[bool] = False
    """Whether `confidence` exists, so that the calibration of models can be measured."""
    keeps_unlabelled: ClassVar[bool] = False
    """Whether `loss` leaves out missing targets, so that such utterances can be trained on."""
    outputs: int  # width of a model's head
    scale: tuple[float, float] | None = None  # range of the targets, of numbers
    has_details: bool = True
    """Whether `details` gives more than the measures of all targets together."""

    def __init__(self, settings: TargetSettings) -> None:
        self.settings = settings

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of ``utterances.csv`` that hold the target."""
        return self.settings.columns

    @property
    def selection(self) -> Metric:
        """The metric by which the epoch is chosen on validation data."""
        return self._metric(self.settings.selection)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those that training records, the selection among them."""
        names = dict.fromkeys([*self.recorded, self.settings.selection])
        return tuple(map(self._metric, names))

    def _metric(self, name: str) -> Metric:
        kind = self.selectable[name]
        return kind(kind.settings_class())

    @property
    @abstractmethod
    def measured(self) -> tuple[str, ...]:
        """Names of the metrics that tables show, in the order of their columns."""

    @property
    @abstractmethod
    def answer_columns(self) -> tuple[str, ...]:
        """Columns of a predictions file that `of_answers` and `answers` read."""

    def is_missing(self, table: "pd.DataFrame") -> np.ndarray:
        """Which utterances lack a target, bool [N].

        Args:
            table: The index.
        """
        missing = np.zeros(len(table), dtype=bool)
        for name in self.columns:
            missing |= table[name].str.strip().str.lower().isin(self.empty).to_numpy()
        return missing

    @abstractmethod
    def read(self, table: Mapping[str, Sequence[str]]) -> tuple[Self, np.ndarray]:
        """The task with what it learns from a corpus, and the targets [N, ...] of the utterances.

        Args:
            table: The index, a list of texts per column: ``utterance`` and `columns`.

        Raises:
            InputError: a target cannot be read.
        """

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """What `read` learnt and people may want to know; JSON."""

    @classmethod
    @abstractmethod
    def described(cls, settings: TargetSettings, description: dict[str, Any]) -> Self:
        """The task that `describe` described."""

    def truth(self, target: np.ndarray) -> np.ndarray:
        """Targets as metrics take them."""
        return target

    @abstractmethod
    def of_answers(self, table: Columns) -> Self:
        """The task of some rows of a predictions file, if only these are known.

        Args:
            table: `answer_columns` of the rows.
        """

    @abstractmethod
    def answers(self, table: Columns) -> tuple[np.ndarray, np.ndarray]:
        """Targets and predictions [n, ...] in rows of a predictions file, as metrics take them.

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
        """How often each class or label occurs among some targets; empty if there are none."""

    @abstractmethod
    def summary(self, target: np.ndarray) -> list[dict[str, Any]]:
        """What the report says of some targets: a line per class, label or number."""

    def problem(self, target: np.ndarray) -> str | None:
        """Why a model cannot learn from these targets of a training part; None if it can."""
        return None

    @abstractmethod
    def details(self, target: np.ndarray, predicted: np.ndarray) -> list[dict[str, Any]]:
        """Measures of each class, label or number: ``name``, ``utterances`` and the measures.

        Args:
            target: As metrics take them [n, ...].
            predicted: Likewise.
        """

    def crossed(
        self, target: np.ndarray, predicted: np.ndarray
    ) -> Iterator[tuple[str, np.ndarray, np.ndarray, list[str]]]:
        """Yield what figures set against each other, for every target.

        Args:
            target: As metrics take them [n, ...].
            predicted: Likewise.

        Yields:
            The target's name, empty if there is but one; the places [n] of targets and of
            predictions among some values; the names of these.
        """
        raise NotImplementedError(f"{type(self).__name__} has no values to cross")

    def errors(self, target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """The error of every prediction [n].

        Args:
            target: As metrics take them [n, ...].
            predicted: Likewise.
        """
        raise NotImplementedError(f"{type(self).__name__} has no single error")

    @abstractmethod
    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """Mean loss of outputs [B, outputs] on targets [B, ...]."""

    def ideal(self, target: "Tensor") -> "Tensor":
        """The outputs [B, outputs] of a model of numbers without an error, for targets [B, ...]."""
        raise NotImplementedError(f"{type(self).__name__} does not predict numbers")

    @abstractmethod
    def groups(self, target: "Tensor") -> "Tensor":
        """A number [B] that is the same for targets that count as alike, for contrastive losses.

        Utterances without a target have a negative number each.
        """

    @abstractmethod
    def decide(self, output: "Tensor") -> "Tensor":
        """Predictions [...] from outputs [..., outputs], as metrics take them."""

    @abstractmethod
    def prediction_columns(self, target: np.ndarray, output: "Tensor") -> dict[str, Any]:
        """Columns of the predictions' file: target, prediction, and probabilities if there are any.

        Args:
            target: [n, ...].
            output: [n, outputs].
        """

    @abstractmethod
    def answer(self, output: "Tensor") -> Answer:
        """What the outputs [outputs] of one utterance say."""


class ChoiceTask(Task):
    """A task in which one of several classes is true, so that a prediction can be a set of them.

    `groups` gives the place of the class among the outputs.
    """

    @abstractmethod
    def outcomes(self, table: Columns) -> tuple[list[str], np.ndarray, np.ndarray]:
        """The classes: their names, places of the true ones [n], probabilities [n, classes].

        Args:
            table: All columns of some rows of a predictions file.
        """


def read_targets(table: "pd.DataFrame", task: Task) -> tuple[Task, np.ndarray]:
    """The task with what it learns from an index, and the targets [N, ...].

    Raises:
        InputError: a column or a target is missing or invalid.
    """
    if absent := [column for column in task.columns if column not in table]:
        raise InputError(
            f"the index has no column {absent[0]!r}, which the corpus' target names; it has "
            f"{', '.join(table.columns)}"
        )
    return task.read({name: table[name].tolist() for name in ("utterance", *task.columns)})


def numbers(
    table: Mapping[str, Sequence[str]], columns: Sequence[str], expected: str
) -> np.ndarray:
    """Columns of the index as numbers [N, columns], NaN where a cell is empty.

    Args:
        table: The index.
        columns: Those to read.
        expected: What a cell should be, for the message.

    Raises:
        InputError: a cell is not a number, or infinite.
    """
    values = np.empty((len(table["utterance"]), len(columns)))
    for place, column in enumerate(columns):
        for row, cell in enumerate(table[column]):
            try:
                values[row, place] = float(cell.strip() or "nan")
            except ValueError:
                values[row, place] = np.inf
            if np.isinf(values[row, place]):
                raise InputError(
                    f"{table['utterance'][row]}: {column} is {cell!r}, expected {expected}"
                )
    return values


def check_range(
    table: Mapping[str, Sequence[str]],
    columns: Sequence[str],
    values: np.ndarray,
    low: float,
    high: float,
) -> None:
    """Check that numbers [N, columns] lie in a range.

    Raises:
        InputError: with the first one that does not, and how many there are.
    """
    outside = (values < low) | (values > high)
    if outside.any():
        row, place = np.argwhere(outside)[0]
        more = int(outside.sum()) - 1
        raise InputError(
            f"{table['utterance'][row]}: {columns[place]} is {values[row, place]:g}, expected "
            f"{low:g} to {high:g}" + (f"; so are {more} more values" if more else "")
        )


def checked_target(target: str | list[str]) -> str | list[str]:
    """A column or several; each once, and none that a predictions file needs for something else.

    Raises:
        ValueError: one is listed twice, or is a key of that file.
    """
    columns = [target] if isinstance(target, str) else target
    for place, column in enumerate(columns):
        if column in columns[:place]:
            raise ValueError(f"{column} is listed twice")
        if column in KEYS or column.startswith(("predicted_", "probability_")):
            raise ValueError(f"{column} is no target, but a column of the predictions")
    return target
