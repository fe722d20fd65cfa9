"""Classification: one of several classes per utterance."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field

from robust_mer.errors import InputError
from robust_mer.metrics.classes import UA, WA, MacroF1, WeightedF1, class_scores
from robust_mer.metrics.metric import Metric
from robust_mer.tasks.task import (
    Answer,
    ChoiceTask,
    Columns,
    TargetSettings,
    Texts,
    check_range,
    checked_target,
    numbers,
)

if TYPE_CHECKING:
    from torch import Tensor

_MIN_CLASSES = 2
_PROBABILITY = "probability_"


class ClassificationSettings(TargetSettings):
    """What the classes are."""

    target: Annotated[
        str | Annotated[list[str], Field(min_length=2)], AfterValidator(checked_target)
    ] = "label"
    """Column of the index with the class; or a column per class with its share of the raters' votes
    (soft labels), whose names are then those of the classes."""
    selection: Literal["ua", "wa", "weighted_f1", "macro_f1"] = "ua"
    """Metric by which epochs are chosen and models are compared."""


class Classification(ChoiceTask):
    """One of several classes per utterance: cross-entropy, WA and UA.

    With soft labels, the cross-entropy is that of the shares of the votes, and the class with most
    votes (the first of equal ones) is what metrics count as true.

    Args:
        settings: The target.
        classes: Their names, sorted, so that they are the same in every stage; for soft labels in
            the order of the settings. Empty until `read` knows them.
    """

    settings_class = ClassificationSettings
    settings: ClassificationSettings
    encoding = "class"
    selectable: ClassVar[dict[str, type[Metric]]] = {
        "wa": WA,
        "ua": UA,
        "weighted_f1": WeightedF1,
        "macro_f1": MacroF1,
    }
    recorded = ("wa", "ua")
    loss_name = "cross_entropy"
    has_confidence = True

    def __init__(self, settings: ClassificationSettings, classes: Sequence[str] = ()) -> None:
        super().__init__(settings)
        self.classes = list(classes)
        self.outputs = len(self.classes)
        if not self._is_soft:
            self.empty = ("",)  # "nan" may be a class

    @property
    def _is_soft(self) -> bool:
        return not isinstance(self.settings.target, str)

    @property
    def measured(self) -> tuple[str, ...]:
        """WA, UA and the selection."""
        return tuple(dict.fromkeys([*self.recorded, self.settings.selection]))

    @property
    def answer_columns(self) -> tuple[str, ...]:
        """The class and the predicted one."""
        return ("label", "predicted")

    def read(self, table: Mapping[str, Sequence[str]]) -> tuple["Classification", np.ndarray]:
        """The classes that occur, and the place of each utterance's class among them [N].

        For soft labels the shares of the classes, float32 [N, classes].
        """
        if self._is_soft:
            return self._read_votes(table)
        column = table[self.columns[0]]
        for name, label in zip(table["utterance"], column, strict=True):
            if not label:
                raise InputError(f"{name} has no {self.columns[0]}")
        task = Classification(self.settings, sorted(set(column)))
        place = {name: number for number, name in enumerate(task.classes)}
        return task, np.array([place[label] for label in column], dtype=np.int64)

    def _read_votes(
        self, table: Mapping[str, Sequence[str]]
    ) -> tuple["Classification", np.ndarray]:
        votes = numbers(table, self.columns, "a number of votes")
        check_range(table, self.columns, votes, 0, np.inf)
        total = votes.sum(axis=1, keepdims=True)
        for row in np.flatnonzero(~(total > 0)):
            raise InputError(
                f"{table['utterance'][int(row)]} has no votes in {', '.join(self.columns)}"
            )
        return Classification(self.settings, self.columns), (votes / total).astype(np.float32)

    def describe(self) -> dict[str, Any]:
        """The classes' names."""
        return {"classes": self.classes}

    @classmethod
    def described(cls, settings: TargetSettings, description: dict[str, Any]) -> "Classification":
        """The task with these classes."""
        assert isinstance(settings, ClassificationSettings)
        return cls(settings, description["classes"])

    def truth(self, target: np.ndarray) -> np.ndarray:
        """Places of the classes [n]."""
        return target.argmax(axis=1) if self._is_soft else target

    def of_answers(self, table: Columns) -> "Classification":
        """The classes that are targets or predicted."""
        names = {name for one in self.answer_columns for name in _texts(table[one]).values}
        return Classification(self.settings, sorted(names))

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

    def outcomes(self, table: Columns) -> tuple[list[str], np.ndarray, np.ndarray]:
        """The classes that the task knows, with soft labels too."""
        probabilities = [np.asarray(table[f"{_PROBABILITY}{name}"]) for name in self.classes]
        return self.classes, self.answers(table)[0], np.stack(probabilities, axis=1)

    def counts(self, target: np.ndarray) -> dict[str, int]:
        """Utterances of each class."""
        sizes = np.bincount(self.truth(target), minlength=self.outputs)
        return dict(zip(self.classes, sizes.tolist(), strict=True))

    def summary(self, target: np.ndarray) -> list[dict[str, Any]]:
        """A line per class that occurs: utterances."""
        counts = self.counts(target)
        return [{"class": name, "utterances": n} for name, n in counts.items() if n]

    def problem(self, target: np.ndarray) -> str | None:
        """Classes without an utterance, or that there is but one."""
        if self.outputs < _MIN_CLASSES:
            return f"one class only: {', '.join(self.classes)}"
        absent = [name for name, count in self.counts(target).items() if not count]
        return f"no utterance of {', '.join(absent)}" if absent else None

    def details(self, target: np.ndarray, predicted: np.ndarray) -> list[dict[str, Any]]:
        """Recall, precision and F1 of each class."""
        return class_scores(self.classes, target, predicted)

    def crossed(
        self, target: np.ndarray, predicted: np.ndarray
    ) -> Iterator[tuple[str, np.ndarray, np.ndarray, list[str]]]:
        """The classes."""
        yield "", target, predicted, self.classes

    def errors(self, target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """1 if it is wrong."""
        wrong: np.ndarray = (target != predicted).astype(float)
        return wrong

    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """Cross-entropy of logits [B, classes] on places of classes [B] or shares [B, classes]."""
        from torch.nn import functional

        return functional.cross_entropy(output, target)

    def groups(self, target: "Tensor") -> "Tensor":
        """The class."""
        return target.argmax(dim=-1) if self._is_soft else target

    def decide(self, output: "Tensor") -> "Tensor":
        """The most likely class."""
        return output.argmax(dim=-1)

    def prediction_columns(self, target: np.ndarray, output: "Tensor") -> dict[str, Any]:
        """``label``, ``predicted`` and ``probability_{class}``."""
        probability = output.double().softmax(dim=1).cpu().numpy()
        return {
            "label": [self.classes[place] for place in self.truth(target)],
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
