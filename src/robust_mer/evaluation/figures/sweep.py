"""The effect of hyperparameters that were changed one at a time, as in CM-ARR's Figure 4."""

from itertools import cycle
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from robust_mer.evaluation.figures.style import COLOURS, STYLE, headline, save
from robust_mer.evaluation.summary import AVERAGE, read_summary
from robust_mer.evaluation.tables import corruption_title, count

_MARKERS = "os^DvPX*"


def draw_sweep(experiment: dict, svg: str | Path, pdf: str | Path, summary: str | Path) -> None:
    """Draw WA and UA, averaged over the partial conditions, against each hyperparameter.

    A column of panels per hyperparameter, a line per corruption; the value of the model that the
    others were made from is ringed. Bars are ± one standard deviation over folds x seeds.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`; its ``sweep`` has, by
            hyperparameter, the value of every model that takes part.
        svg: Where to write the figure for the screen.
        pdf: Where to write the figure for print.
        summary: ``{experiment}_all.csv``.
    """
    rows = read_summary(summary)
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": f"{experiment['name']} sweep"}):
        save(_figure(experiment, rows[rows["kind"] == AVERAGE]), experiment, svg, pdf)


def _figure(experiment: dict, rows: pd.DataFrame) -> Figure:
    sweep: dict[str, dict[str, float]] = experiment["sweep"]
    figure = Figure(figsize=(1.2 + 3.2 * len(sweep), 6.6), layout="constrained")
    title = (
        "One hyperparameter changed at a time (ring: the value of the others), mean over the "
        f"partial conditions of the test part, {experiment['corpus']}, "
        f"{count(len(experiment['folds']), 'fold')}, {count(len(experiment['seeds']), 'seed')}; "
        "bars: ± 1 standard deviation"
    )
    figure.suptitle(
        headline(experiment, title, 20 + 38 * len(sweep)), x=0.01, ha="left", fontsize=11
    )
    panels = figure.subplots(2, len(sweep), squeeze=False, sharey="row")
    corruptions = list(rows["tested_on"].unique())
    base = set.intersection(*(set(models) for models in sweep.values()))
    for column, (name, values) in enumerate(sweep.items()):
        for row, measure in enumerate(("wa", "ua")):
            axes = panels[row, column]
            for tested_on, colour, marker in zip(corruptions, cycle(COLOURS), cycle(_MARKERS)):
                points = rows[(rows["tested_on"] == tested_on) & rows["model"].isin(values)]
                points = points.assign(x=points["model"].map(values)).sort_values("x")
                axes.errorbar(
                    points["x"],
                    points[f"{measure}_mean"],
                    points[f"{measure}_sd"],
                    capsize=3,
                    color=colour,
                    marker=marker,
                    label=corruption_title(tested_on),
                )
                own = points[points["model"].isin(base)]
                axes.plot(
                    own["x"],
                    own[f"{measure}_mean"],
                    linestyle="",
                    marker="o",
                    markersize=14,
                    markerfacecolor="none",
                    markeredgecolor=colour,
                )
            if min(values.values()) > 0 and max(values.values()) >= 10 * min(values.values()):
                axes.set_xscale("log")
            axes.grid(axis="y", color="0.9")
            axes.set_ylabel(measure.upper() if column == 0 else "")
            axes.set_xlabel(name if row else "")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure
