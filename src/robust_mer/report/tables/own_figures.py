"""Our figures, by what a cell of a paper's table stands for."""

import math
from typing import TYPE_CHECKING

from robust_mer.conditions import CLEAN
from robust_mer.evaluation.experiment import AVERAGE, COMPLETE
from robust_mer.report.layouts import GAIN, Layout
from robust_mer.report.spec import Experiment, Results
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd

QUANTITIES = ["mean", "sd", "n", "low", "high", "published", "difference"]
"""What a laid-out table has for each cell."""
NOTHING = dict.fromkeys(QUANTITIES[:5], float("nan"))
"""The quantities of a cell that no figure of ours stands for."""
SETTING = ["model", "trained_on", "tested_on", "condition"]


class Figures:
    """An experiment's figures, to be found by what a cell of a paper's table stands for.

    Args:
        experiment: It knows the classes of models.
        summary: ``{name}_all.csv``.
        intervals: ``{name}_intervals.csv``.
        comparisons: ``{name}_comparisons.csv``.
    """

    def __init__(
        self,
        experiment: Experiment,
        summary: "pd.DataFrame",
        intervals: "pd.DataFrame",
        comparisons: "pd.DataFrame",
    ) -> None:
        self._classes = experiment.models
        ends = [f"{m.name}_{end}" for m in experiment.measures for end in ("low", "high")]
        table = summary.merge(intervals[[*SETTING, *ends]], on=SETTING, validate="one_to_one")
        # a model of one modality has one letter, by which the papers name a condition of all three
        table["condition"] = table["condition"].mask(table["kind"] == COMPLETE, COMPLETE)
        self._figures = table.set_index(SETTING).to_dict("index")
        trained = summary.groupby("model")["trained_on"].agg(set)
        self._only_clean = {model for model, names in trained.items() if names == {CLEAN}}
        self._comparisons = comparisons[comparisons["condition"] == AVERAGE]

    def models_of(self, kind: str) -> list[str]:
        """The models of a class."""
        return [model for model, of_class in self._classes.items() if of_class == kind]

    def others(self, classes: set[str]) -> list[str]:
        """The models of other classes than these."""
        return [model for model, kind in self._classes.items() if kind not in classes]

    def trained_on(self, model: str, trained_on: str) -> str:
        """``trained_on``, unless the model is trained on clean data alone."""
        return CLEAN if model in self._only_clean else trained_on

    def find(self, model: str, cell: Layout, measure: str, over: list[str]) -> dict[str, float]:
        """``mean, sd, n, low, high`` of a cell; NaN where there is no such figure.

        Args:
            model: Its name.
            cell: ``trained_on, tested_on, condition``.
            measure: Name of a metric.
            over: Classes that a gain is measured against.
        """
        if cell["condition"] == GAIN:
            return self._gain(model, cell, measure, over)
        found = self._figures.get((model, *(cell[name] for name in SETTING[1:])))
        if found is None:
            return NOTHING
        return {
            "n": found["folds"] * found["seeds"],
            **{
                name: found.get(f"{measure}_{name}", math.nan)
                for name in ("mean", "sd", "low", "high")
            },
        }

    def _gain(self, model: str, cell: Layout, measure: str, over: list[str]) -> dict[str, float]:
        rows = self._comparisons
        rows = rows[(rows["tested_on"] == cell["tested_on"]) & (rows["measure"] == measure)]
        found = []
        for row in records(rows):
            pair = (row["model"], row["trained_on"]), (row["other"], row["other_trained_on"])
            own = model, cell["trained_on"]
            if own not in pair:
                continue
            sign = 1 if own == pair[0] else -1
            if self._classes[pair[pair.index(own) - 1][0]] in over:
                ends = sorted([sign * row["low"], sign * row["high"]])
                found.append(
                    {
                        "n": row["folds"],
                        "mean": sign * row["difference"],
                        "sd": row["difference_sd"],
                        "low": ends[0],
                        "high": ends[1],
                    }
                )
        return min(found, key=lambda gain: gain["mean"], default=NOTHING)


def read_figures(experiment: Experiment, files: Results) -> Figures:
    """`Figures` of an experiment from its files."""
    from robust_mer.evaluation.summary import read_statistics, read_summary

    return Figures(
        experiment,
        read_summary(files.path("summary")),
        read_statistics(files.path("intervals")),
        read_statistics(files.path("comparisons")),
    )
