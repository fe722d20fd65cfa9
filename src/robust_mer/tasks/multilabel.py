"""Several labels per utterance, each present or not, e.g. CMU-MOSEI's six emotions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field

from robust_mer.errors import InputError
from robust_mer.metrics.labels import MeanF1, MeanWeightedAccuracy, label_scores
from robust_mer.metrics.metric import Metric
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

_PREDICTED, _PROBABILITY = "predicted_", "probability_"


class MultiLabelSettings(TargetSettings):
    """What the labels are."""

    target: Annotated[list[str], Field(min_length=2), AfterValidator(checked_target)]
    """Columns of the index, one per label: a number of 0 or more, above 0 if it is present."""
    selection: Literal["mean_f1", "mean_weighted_accuracy"] = "mean_f1"
    """Metric by which epochs are chosen and models are compared."""


class MultiLabel(Task):
    """Labels that are each present or not: binary cross-entropy, weighted accuracy and F1.

    Args:
        settings: The labels.
    """

    settings_class = MultiLabelSettings
    settings: MultiLabelSettings
    encoding = "label"
    selectable: ClassVar[dict[str, type[Metric]]] = {
        "mean_weighted_accuracy": MeanWeightedAccuracy,
        "mean_f1": MeanF1,
    }
    recorded = ("mean_weighted_accuracy", "mean_f1")
    loss_name = "binary_cross_entropy"
    keeps_unlabelled = True

    def __init__(self, settings: MultiLabelSettings) -> None:
        super().__init__(settings)
        self.outputs = len(self.columns)

    @property
    def measured(self) -> tuple[str, ...]:
        """Both means over the labels."""
        return self.recorded

    @property
    def answer_columns(self) -> tuple[str, ...]:
        """The labels, then the predictions, ``predicted_{label}``."""
        return (*self.columns, *(_PREDICTED + name for name in self.columns))

    def read(self, table: Mapping[str, Sequence[str]]) -> tuple["MultiLabel", np.ndarray]:
        """Whether each label is present, float32 [N, labels]; NaN where that is not known."""
        values = numbers(table, self.columns, "a number of 0 or more")
        check_range(table, self.columns, values, 0, np.inf)
        for place, column in enumerate(self.columns):
            is_present = values[~np.isnan(values[:, place]), place] > 0
            if not is_present.any() or is_present.all():
                count = "all utterances have" if is_present.any() else "no utterance has"
                raise InputError(f"{count} the label {column}, so there is nothing to learn")
        present = np.where(np.isnan(values), np.nan, values > 0)
        return self, present.astype(np.float32)

    def describe(self) -> dict[str, Any]:
        """The labels."""
        return {"labels": list(self.columns)}

    @classmethod
    def described(cls, settings: TargetSettings, description: dict[str, Any]) -> "MultiLabel":
        """The task of these settings."""
        assert isinstance(settings, MultiLabelSettings)
        return cls(settings)

    def of_answers(self, table: Columns) -> "MultiLabel":
        """The same task."""
        return self

    def truth(self, target: np.ndarray) -> np.ndarray:
        """Whether each label is present, bool [n, labels]."""
        return target > 0

    def answers(self, table: Columns) -> tuple[np.ndarray, np.ndarray]:
        """Targets and predictions, bool [n, labels]."""
        columns = self.answer_columns
        if any(isinstance(table[name], Texts) for name in columns):
            raise InputError(f"the columns {', '.join(columns)} must hold 0 and 1")
        values = np.stack([np.asarray(table[name]) > 0 for name in columns], axis=1)
        return values[:, : self.outputs], values[:, self.outputs :]

    def counts(self, target: np.ndarray) -> dict[str, int]:
        """Utterances that have each label."""
        return dict(zip(self.columns, (target > 0).sum(axis=0).tolist(), strict=True))

    def summary(self, target: np.ndarray) -> list[dict[str, Any]]:
        """A line per label: utterances that have it, and their share."""
        return [
            {"label": name, "present": count, "share": f"{count / max(1, len(target)):.3f}"}
            for name, count in self.counts(target).items()
        ]

    def problem(self, target: np.ndarray) -> str | None:
        """Labels that no utterance has, or that all have whose labels are known."""
        present, absent = (target > 0).sum(axis=0), (target <= 0).sum(axis=0)
        missing = [name for name, count in zip(self.columns, present, strict=True) if not count]
        if missing:
            return f"no utterance with {', '.join(missing)}"
        everywhere = [name for name, count in zip(self.columns, absent, strict=True) if not count]
        return f"no utterance without {', '.join(everywhere)}" if everywhere else None

    def details(self, target: np.ndarray, predicted: np.ndarray) -> list[dict[str, Any]]:
        """Weighted accuracy and F1 of each label."""
        return label_scores(self.columns, target, predicted)

    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """Mean binary cross-entropy of logits over the known labels."""
        from torch.nn import functional

        is_known = ~target.isnan()
        error = functional.binary_cross_entropy_with_logits(
            output, target.nan_to_num(), reduction="none"
        )
        return (error * is_known).sum() / is_known.sum().clamp(min=1)

    def groups(self, target: "Tensor") -> "Tensor":
        """The combination of labels, as a binary number."""
        import torch

        places = 2 ** torch.arange(self.outputs, device=target.device)
        group = ((target > 0) * places).sum(dim=-1)
        alone = -1 - torch.arange(len(group), device=target.device)
        return torch.where(target.isnan().any(dim=-1), alone, group)

    def decide(self, output: "Tensor") -> "Tensor":
        """The labels with a probability above one half."""
        return output > 0

    def prediction_columns(self, target: np.ndarray, output: "Tensor") -> dict[str, Any]:
        """Labels and predictions as 0 and 1, and the probability of each."""
        present, probability = (output > 0).cpu().numpy(), output.double().sigmoid().cpu().numpy()
        return {
            **{name: (target[:, k] > 0).astype(np.int8) for k, name in enumerate(self.columns)},
            **{
                _PREDICTED + name: present[:, k].astype(np.int8)
                for k, name in enumerate(self.columns)
            },
            **{_PROBABILITY + name: probability[:, k] for k, name in enumerate(self.columns)},
        }

    def answer(self, output: "Tensor") -> Answer:
        """Whether each label is present, and its probability."""
        probability = output.double().sigmoid().tolist()
        ordered = sorted(zip(probability, self.columns, strict=True), reverse=True)
        return Answer(
            {name: value > 0.5 for value, name in ordered},
            {name: value for value, name in ordered},
        )
