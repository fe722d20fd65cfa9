"""Regression: one number per utterance or several, e.g. sentiment, or valence and arousal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from robust_mer.errors import InputError
from robust_mer.metrics.metric import Metric
from robust_mer.metrics.numbers import CCC, MAE, PearsonR
from robust_mer.metrics.sentiment import (
    SENTIMENT_RANGE,
    Acc2Nonnegative,
    Acc2Positive,
    Acc5,
    Acc7,
    F1Nonnegative,
    F1Positive,
)
from robust_mer.tasks.task import (
    Answer,
    Columns,
    TargetSettings,
    Task,
    Texts,
    check_range,
    checked_target,
    numbers,
)

if TYPE_CHECKING:
    from torch import Tensor

_PREDICTED = "predicted_"
_GROUPS = 7  # into which contrastive losses divide the range

_SENTIMENT: dict[str, type[Metric]] = {
    "acc7": Acc7,
    "acc5": Acc5,
    "acc2_nonnegative": Acc2Nonnegative,
    "acc2_positive": Acc2Positive,
    "f1_nonnegative": F1Nonnegative,
    "f1_positive": F1Positive,
}


class RegressionSettings(TargetSettings):
    """What the numbers are."""

    target: Annotated[
        str | Annotated[list[str], Field(min_length=1)], AfterValidator(checked_target)
    ] = "sentiment"
    """Column of the index with the number, or several."""
    target_range: Annotated[list[float], Field(min_length=2, max_length=2)]
    """Least and greatest value of the scale, e.g. [-3, 3], the same for all targets."""
    selection: Literal[
        "mae",
        "r",
        "ccc",
        "acc7",
        "acc5",
        "acc2_nonnegative",
        "acc2_positive",
        "f1_nonnegative",
        "f1_positive",
    ] = "mae"
    """Metric by which epochs are chosen and models are compared."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        low, high = self.target_range
        if low >= high:
            raise ValueError(f"target_range is [{low:g}, {high:g}], expected the lower end first")
        if self.selection in _SENTIMENT and self.target_range != SENTIMENT_RANGE:
            raise ValueError(f"selection {self.selection} is defined for the range [-3, 3] only")
        return self


class Regression(Task):
    """One number per utterance or several: mean absolute error, MAE, Pearson's r and CCC.

    A head's output is in units of half the range, from its middle, so that parts of a loss have the
    same weights on every scale; predictions are in units of the target and not clipped.

    Args:
        settings: The targets and their range.
    """

    settings_class = RegressionSettings
    settings: RegressionSettings
    encoding = "number"
    selectable: ClassVar[dict[str, type[Metric]]] = {
        "mae": MAE,
        "r": PearsonR,
        "ccc": CCC,
        **_SENTIMENT,
    }
    recorded = ("mae", "r", "ccc")
    loss_name = "absolute_error"
    keeps_unlabelled = True

    def __init__(self, settings: RegressionSettings) -> None:
        super().__init__(settings)
        low, high = settings.target_range
        self.outputs = len(self.columns)
        self.has_details = self.outputs > 1
        self.scale = (low, high)
        self._middle, self._half = (low + high) / 2, (high - low) / 2

    @property
    def measured(self) -> tuple[str, ...]:
        """MAE, r and CCC; on the scale of CMU-MOSI also the measures that its papers report."""
        is_sentiment = self.settings.target_range == SENTIMENT_RANGE
        return (*self.recorded, *(_SENTIMENT if is_sentiment else ()))

    @property
    def answer_columns(self) -> tuple[str, ...]:
        """The targets, then the predictions, ``predicted_{target}``."""
        return (*self.columns, *(_PREDICTED + name for name in self.columns))

    def read(self, table: Mapping[str, Sequence[str]]) -> tuple["Regression", np.ndarray]:
        """The targets, float32 [N, targets]; NaN where one is missing."""
        low, high = self.settings.target_range
        expected = f"a number from {low:g} to {high:g}"
        values = numbers(table, self.columns, expected)
        check_range(table, self.columns, values, low, high)
        for place, column in enumerate(self.columns):
            known = values[~np.isnan(values[:, place]), place]
            if not len(known):
                raise InputError(f"no utterance has a number in the column {column}")
            if known.min() == known.max():
                raise InputError(
                    f"{column} is {known[0]:g} for all utterances, so there is nothing to learn"
                )
        return self, values.astype(np.float32)

    def describe(self) -> dict[str, Any]:
        """The targets and their range."""
        return {"targets": list(self.columns), "range": self.settings.target_range}

    @classmethod
    def described(cls, settings: TargetSettings, description: dict[str, Any]) -> "Regression":
        """The task of these settings."""
        assert isinstance(settings, RegressionSettings)
        return cls(settings)

    def of_answers(self, table: Columns) -> "Regression":
        """The same task."""
        return self

    def answers(self, table: Columns) -> tuple[np.ndarray, np.ndarray]:
        """Targets and predictions, float32 [n, targets]."""
        columns = self.answer_columns
        if any(isinstance(table[name], Texts) for name in columns):
            raise InputError(f"the columns {', '.join(columns)} must hold numbers")
        values = np.stack([np.asarray(table[name], np.float32) for name in columns], axis=1)
        return values[:, : self.outputs], values[:, self.outputs :]

    def counts(self, target: np.ndarray) -> dict[str, int]:
        """Numbers have no classes."""
        return {}

    def summary(self, target: np.ndarray) -> list[dict[str, Any]]:
        """A line per target: utterances, mean, standard deviation, least and greatest value."""
        lines = []
        for place, name in enumerate(self.columns):
            values = target[~np.isnan(target[:, place]), place].astype(float)
            lines.append(
                {
                    "target": name,
                    "utterances": len(values),
                    "mean": f"{values.mean():.2f}" if len(values) else "",
                    "sd": f"{values.std(ddof=1):.2f}" if len(values) > 1 else "",
                    "least": f"{values.min():g}" if len(values) else "",
                    "greatest": f"{values.max():g}" if len(values) else "",
                }
            )
        return lines

    def problem(self, target: np.ndarray) -> str | None:
        """Targets that are the same for all utterances."""
        for place, name in enumerate(self.columns):
            values = target[~np.isnan(target[:, place]), place]
            if not len(values) or values.min() == values.max():
                return f"no two values of {name}"
        return None

    def details(self, target: np.ndarray, predicted: np.ndarray) -> list[dict[str, Any]]:
        """MAE, r and CCC of each target."""
        return [
            {
                "name": name,
                "utterances": len(target),
                **{
                    metric.title: metric.of(target[:, [place]], predicted[:, [place]])
                    for metric in map(self._metric, self.recorded)
                },
            }
            for place, name in enumerate(self.columns)
        ]

    def crossed(
        self, target: np.ndarray, predicted: np.ndarray
    ) -> Iterator[tuple[str, np.ndarray, np.ndarray, list[str]]]:
        """The nearest of seven numbers from the lower to the upper end of the range."""
        low, high = self.settings.target_range
        values = np.linspace(low, high, _GROUPS)
        names = [f"{value:.3g}".replace("-", "−") for value in values]
        edges = (values[1:] + values[:-1]) / 2
        for place, name in enumerate(self.columns):
            of_target, of_predicted = (
                np.digitize(numbers[:, place], edges) for numbers in (target, predicted)
            )
            yield name if self.outputs > 1 else "", of_target, of_predicted, names

    def errors(self, target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """Mean absolute error over the targets."""
        error: np.ndarray = np.abs(target - predicted).mean(axis=1, dtype=float)
        return error

    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """Mean absolute error over the known targets, in units of half the range."""
        is_known = ~target.isnan()
        error = (output - self.ideal(target.nan_to_num())).abs()
        return (error * is_known).sum() / is_known.sum().clamp(min=1)

    def ideal(self, target: "Tensor") -> "Tensor":
        """The targets in units of half the range, from its middle."""
        return (target - self._middle) / self._half

    def groups(self, target: "Tensor") -> "Tensor":
        """The first target's place among seven equal intervals of the range."""
        import torch

        first = target[..., 0]
        share = self.ideal(first.nan_to_num())
        group = ((share + 1) / 2 * _GROUPS).floor().clamp(0, _GROUPS - 1)
        alone = -1 - torch.arange(first.shape[-1], device=first.device, dtype=group.dtype)
        return torch.where(first.isnan(), alone, group)

    def decide(self, output: "Tensor") -> "Tensor":
        """Predictions in units of the targets."""
        return output * self._half + self._middle

    def prediction_columns(self, target: np.ndarray, output: "Tensor") -> dict[str, Any]:
        """Targets and predictions."""
        predicted = self.decide(output.float()).cpu().numpy()
        return {
            **{name: target[:, k] for k, name in enumerate(self.columns)},
            **{_PREDICTED + name: predicted[:, k] for k, name in enumerate(self.columns)},
        }

    def answer(self, output: "Tensor") -> Answer:
        """The numbers, with the range of the scale."""
        predicted = self.decide(output.double()).tolist()
        return Answer(
            dict(zip(self.columns, predicted, strict=True)),
            ranges=dict.fromkeys(self.columns, self.settings.target_range),
        )
