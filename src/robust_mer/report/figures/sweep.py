"""The effect of hyperparameters that were changed one at a time, as in CM-ARR's Figure 4."""

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import AVERAGE
from robust_mer.report.figures.base import ResultFigure
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_MARKERS = "os^DvPX*"


class Sweep(ResultFigure):
    """Every measure, averaged over the partial conditions, against each hyperparameter.

    A column of panels per hyperparameter, a line per corruption; the value of the model that the
    others were made from is ringed. Bars are ± one standard deviation over folds x seeds.
    """

    title = words.TITLE_SWEEP
    reads = ("summary",)
    uses = ("sweep",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether models differ in one hyperparameter."""
        return bool(facts.sweep)

    def draw(self, spec: FigureSpec, files: Results) -> "Figure":
        """From the summary."""
        from robust_mer.evaluation.summary import read_summary

        rows = read_summary(files.path("summary"))
        return _figure(spec.experiment, spec.facts.sweep, rows[rows["kind"] == AVERAGE])


def _figure(
    experiment: Experiment, sweep: Mapping[str, dict[str, float]], rows: "pd.DataFrame"
) -> "Figure":
    from matplotlib.figure import Figure

    from robust_mer.report.figures.style import COLOURS, headline, runs

    measures = experiment.measures
    figure = Figure(figsize=(1.2 + 3.2 * len(sweep), 3.3 * len(measures)), layout="constrained")
    title = words.headline_sweep(experiment.corpus, runs(experiment))
    figure.suptitle(
        headline(experiment, title, 20 + 38 * len(sweep)), x=0.01, ha="left", fontsize=11
    )
    panels = figure.subplots(len(measures), len(sweep), squeeze=False, sharey="row")
    corruptions = list(rows["tested_on"].unique())
    base = set.intersection(*(set(models) for models in sweep.values()))
    for column, (name, values) in enumerate(sweep.items()):
        for row, measure in enumerate(measures):
            axes = panels[row, column]
            for tested_on, colour, marker in zip(corruptions, cycle(COLOURS), cycle(_MARKERS)):
                points = rows[(rows["tested_on"] == tested_on) & rows["model"].isin(values)]
                points = points.assign(x=points["model"].map(values)).sort_values("x")
                axes.errorbar(
                    points["x"],
                    points[f"{measure.name}_mean"],
                    points[f"{measure.name}_sd"],
                    capsize=3,
                    color=colour,
                    marker=marker,
                    label=corruption_title(experiment, tested_on),
                )
                own = points[points["model"].isin(base)]
                axes.plot(
                    own["x"],
                    own[f"{measure.name}_mean"],
                    linestyle="",
                    marker="o",
                    markersize=14,
                    markerfacecolor="none",
                    markeredgecolor=colour,
                )
            if min(values.values()) > 0 and max(values.values()) >= 10 * min(values.values()):
                axes.set_xscale("log")
            axes.grid(axis="y", color="0.9")
            axes.set_ylabel(measure.title if column == 0 else "")
            axes.set_xlabel(name if row == len(measures) - 1 else "")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure
