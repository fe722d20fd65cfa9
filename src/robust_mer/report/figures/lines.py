"""The lines of an experiment: a model with a training, and how both look in every figure."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robust_mer.conditions import CLEAN
from robust_mer.evaluation.experiment import SAME, Experiment
from robust_mer.report.figures.palette import DASHES, LIGHT, SYMBOLS
from robust_mer.report.names import line_name, marked
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd


def models_of(experiment: Experiment) -> list[str]:
    """The models, blind ones first, as in the tables."""
    return sorted(experiment.models, key=lambda model: model in experiment.is_mask_aware)


def named(experiment: Experiment, rows: "pd.DataFrame") -> "pd.DataFrame":
    """Rows of evaluations, with what figures say of their lines.

    Adds ``training`` (as in the tables), ``line`` (a model with its training), ``series`` (the
    model, marked if it is mask-aware), ``place`` (of the model among all of the experiment) and
    ``dash`` (of the training among all of the model). Rows stand in the order of the lines.

    Args:
        experiment: The experiment.
        rows: With ``model, trained_on, tested_on``.
    """
    lines = _lines(experiment)
    rows = rows.drop(columns=["training"], errors="ignore")
    rows = rows.merge(lines, "left", ["model", "trained_on", "tested_on"], validate="many_to_one")
    return rows.sort_values(["place", "dash"], kind="stable", ignore_index=True)


def _lines(experiment: Experiment) -> "pd.DataFrame":
    import pandas as pd

    from robust_mer.evaluation.summary import trainings

    keys = ["model", "trained_on", "tested_on"]
    lines = pd.DataFrame(list(dict.fromkeys(experiment.evaluations)), columns=keys)
    lines["training"] = trainings(experiment, lines)
    # a model that is trained on what it meets was trained on clean data to meet those
    rows = records(lines)
    corrupted = {(row["model"], row["training"]) for row in rows if row["tested_on"] != CLEAN}
    lines["training"] = [
        SAME
        if row["training"] == CLEAN
        and (row["model"], SAME) in corrupted
        and (row["model"], CLEAN) not in corrupted
        else row["training"]
        for row in rows
    ]
    models = models_of(experiment)
    lines["place"] = lines["model"].map(models.index)
    pairs = list(zip(lines["model"], lines["training"], strict=True))
    trained = {model: [on for of, on in dict.fromkeys(pairs) if of == model] for model in models}
    lines["dash"] = [trained[model].index(training) for model, training in pairs]
    lines["series"] = [marked(experiment, model) for model in lines["model"]]
    lines["line"] = [line_name(experiment, *pair) for pair in pairs]
    return lines


@dataclass(frozen=True)
class Look:
    """How a line or a point looks: by its place among the series, and by its training."""

    place: int
    dash: int = 0

    @property
    def colour(self) -> str:
        """On white."""
        return LIGHT[self.place % len(LIGHT)]

    def style(self, marker: bool = True) -> dict[str, Any]:
        """In Matplotlib; the markers of further trainings are hollow."""
        pattern = DASHES[self.dash % len(DASHES)]
        style: dict[str, Any] = {
            "color": self.colour,
            "linestyle": "-" if pattern == DASHES[0] else (0, pattern),
        }
        if marker:
            style["marker"] = SYMBOLS[self.place % len(SYMBOLS)][1]
            style["markerfacecolor"] = "none" if self.dash else self.colour
        return style


def series_of(experiment: Experiment) -> dict[str, int]:
    """Place of every model among the colours, by its name in figures."""
    return {marked(experiment, model): at for at, model in enumerate(models_of(experiment))}
