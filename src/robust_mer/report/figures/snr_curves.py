"""All measures against the SNR."""

from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from robust_mer.protocol import CLEAN
from robust_mer.report.cells import amount
from robust_mer.report.figures.base import ResultFigure
from robust_mer.report.names import line_name, lines_of
from robust_mer.report.spec import Experiment, FigureSpec, Results
from robust_mer.report.words import figures as words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from robust_mer.report.figures.style import LineStyle

_MARKERS = "os^DvPX*<>hp"


class SnrCurves(ResultFigure):
    """Every measure, averaged over the partial conditions, against the SNR, a line per model.

    A row of panels per noise type. The clean ceiling (complete condition, no corruption) stands at
    the left, chance (always the most frequent class) is a dashed line. Bands are ± one standard
    deviation over folds x seeds; a point that stands alone has a bar instead.
    """

    title = words.TITLE_SNR
    reads = ("summary",)

    def draw(self, spec: FigureSpec, files: Results) -> "Figure":
        """From the summary."""
        from robust_mer.evaluation.summary import read_summary

        return _figure(spec.experiment, read_summary(files.path("summary")))


def _figure(experiment: Experiment, summary: "pd.DataFrame") -> "Figure":
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from robust_mer.evaluation.order import average_rows, partial_conditions
    from robust_mer.report.figures.style import CHANCE, COLOURS, LineStyle, headline, runs

    measures = experiment.measures
    rows = average_rows(experiment, summary)
    noises = sorted(set(rows["noise"]) - {CLEAN}) or [CLEAN]
    lines: dict[tuple[str, str], LineStyle] = {
        line: {"color": colour, "marker": marker}
        for line, colour, marker in zip(lines_of(rows), cycle(COLOURS), cycle(_MARKERS))
    }
    title = words.headline_snr(partial_conditions(summary), experiment.corpus, runs(experiment))
    figure = Figure(figsize=(4.5 * len(measures), 3.2 * len(noises) + 1.4), layout="constrained")
    figure.suptitle(headline(experiment, title), x=0.01, ha="left", fontsize=11)
    panels = figure.subplots(len(noises), len(measures), squeeze=False, sharey="col")
    for noise, pair in zip(noises, panels, strict=True):
        shown = rows[rows["noise"].isin([noise, CLEAN])]
        for axes, measure in zip(pair, measures, strict=True):
            _draw_panel(experiment, axes, shown, lines, measure.name)
            axes.set_ylabel(measure.title)
            axes.set_title(noise, loc="left", fontsize=11)
    names = [*[line_name(experiment, *line) for line in lines], words.CHANCE]
    keys = [*[Line2D([], [], **style) for style in lines.values()], Line2D([], [], **CHANCE)]
    figure.legend(keys, names, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw_panel(
    experiment: Experiment,
    axes: "Axes",
    rows: "pd.DataFrame",
    lines: "dict[tuple[str, str], LineStyle]",
    measure: str,
) -> None:
    from robust_mer.report.figures.style import CHANCE

    places, step = _places(experiment, rows)
    for number, (line, style) in enumerate(lines.items()):
        model, training = line
        points = rows[(rows["model"] == model) & (rows["training"] == training)]
        points = points.assign(
            x=points["tested_on"].map(places).astype(float),
            y=points[f"{measure}_mean"],
            sd=points[f"{measure}_sd"],
        ).sort_values("x")
        corrupted = points[points["tested_on"] != CLEAN]
        alone = points if len(corrupted) == 1 else points[points["tested_on"] == CLEAN]
        aside = 0.4 * step * ((number + 0.5) / len(lines) - 0.5)
        axes.errorbar(alone["x"] + aside, alone["y"], alone["sd"], linestyle="", **style)
        if len(corrupted) > 1:
            x, y, sd = (corrupted[name] for name in ("x", "y", "sd"))
            axes.plot(x, y, **style)
            axes.fill_between(x, y - sd, y + sd, color=style["color"], alpha=0.12, linewidth=0)
    axes.axhline(rows[f"{measure}_chance"].mean(), **CHANCE)
    ticks = rows.drop_duplicates("tested_on")
    axes.set_xticks(
        [places[name] for name in ticks["tested_on"]],
        [_tick(experiment, name) for name in ticks["tested_on"]],
    )
    unit = max(experiment.facts(name).unit for name in ticks["tested_on"])
    axes.set_xlabel(words.SNR_AXES.get(unit, unit))
    axes.grid(axis="y", color="0.9")
    axes.set_axisbelow(True)


def _tick(experiment: Experiment, corruption: str) -> str:
    facts = experiment.facts(corruption)
    return corruption if facts.amount is None else amount(facts.amount)


def _places(experiment: Experiment, rows: "pd.DataFrame") -> tuple[dict[str, float], float]:
    """Place of every corruption on the x axis, noise growing to the right, and the least gap."""
    corruptions = [name for name in rows["tested_on"].unique() if name != CLEAN]
    # a corruption without an amount is alone on its axis
    places = {
        name: 0.0 if np.isnan(experiment.severity(name)) else experiment.severity(name)
        for name in corruptions
    }
    step = float(np.diff(sorted(places.values())).min()) if len(places) > 1 else 10.0
    return {**places, CLEAN: min(places.values(), default=0) - step}, step
