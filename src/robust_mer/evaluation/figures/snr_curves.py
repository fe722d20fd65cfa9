"""WA and UA against SNR."""

from itertools import cycle
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from robust_mer.evaluation.figures.style import CHANCE, COLOURS, STYLE, headline, save
from robust_mer.evaluation.summary import read_summary, severity, split_name
from robust_mer.evaluation.tables import average_rows, count, line_name, partial_conditions
from robust_mer.protocol import CLEAN

_MARKERS = "os^DvPX*<>hp"
_AXES = {"dB": "SNR (dB)", "%": "Rate (%)", "px": "Pixels", "ms": "Milliseconds", "": ""}


def draw_snr_curves(
    experiment: dict, svg: str | Path, pdf: str | Path, summary: str | Path
) -> None:
    """Draw WA and UA, averaged over the partial conditions, against the SNR, a line per model.

    A row of panels per noise type. The clean ceiling (complete condition, no corruption) stands at
    the left, chance (always the most frequent class) is a dashed line. Bands are ± one standard
    deviation over folds x seeds; a point that stands alone has a bar instead. Both files are the
    same, byte for byte, for the same numbers.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        svg: Where to write the figure for the screen.
        pdf: Where to write the figure for print.
        summary: ``{experiment}_all.csv``.
    """
    rows = read_summary(summary)
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": experiment["name"]}):
        save(_figure(experiment, rows), experiment, svg, pdf)


def _figure(experiment: dict, summary: pd.DataFrame) -> Figure:
    rows = average_rows(summary)
    noises = sorted(set(rows["noise"]) - {CLEAN}) or [CLEAN]
    lines = {
        line: {"color": colour, "marker": marker}
        for line, colour, marker in zip(
            rows.groupby(["model", "training"], sort=False).groups, cycle(COLOURS), cycle(_MARKERS)
        )
    }
    title = (
        f"Mean over the partial conditions ({', '.join(partial_conditions(summary))}), "
        f"{experiment['corpus']}, {count(len(experiment['folds']), 'fold')}, "
        f"{count(len(experiment['seeds']), 'seed')}; bands and bars: ± 1 standard deviation"
    )
    figure = Figure(figsize=(9, 3.2 * len(noises) + 1.4), layout="constrained")
    figure.suptitle(headline(experiment, title), x=0.01, ha="left", fontsize=11)
    panels = figure.subplots(len(noises), 2, squeeze=False, sharey="col")
    for noise, pair in zip(noises, panels, strict=True):
        shown = rows[rows["noise"].isin([noise, CLEAN])]
        for axes, measure in zip(pair, ("wa", "ua"), strict=True):
            _draw_panel(axes, shown, lines, measure)
            axes.set_ylabel(measure.upper())
            axes.set_title(noise, loc="left", fontsize=11)
    names = [*[line_name(experiment, *line) for line in lines], "chance (most frequent class)"]
    keys = [*[Line2D([], [], **style) for style in lines.values()], Line2D([], [], **CHANCE)]
    figure.legend(keys, names, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw_panel(axes: Axes, rows: pd.DataFrame, lines: dict, measure: str) -> None:
    places, step = _places(rows)
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
        [
            f"{amount:g}".replace("-", "−") if unit else name
            for name, amount, unit in map(split_name, ticks["tested_on"])
        ],
    )
    axes.set_xlabel(_AXES[max(split_name(name)[2] for name in ticks["tested_on"])])
    axes.grid(axis="y", color="0.9")
    axes.set_axisbelow(True)


def _places(rows: pd.DataFrame) -> tuple[dict[str, float], float]:
    """Place of every corruption on the x axis, noise growing to the right, and the least gap."""
    corruptions = [name for name in rows["tested_on"].unique() if name != CLEAN]
    # a corruption without an amount is alone on its axis
    places = {name: 0.0 if np.isnan(severity(name)) else severity(name) for name in corruptions}
    step = float(np.diff(sorted(places.values())).min()) if len(places) > 1 else 10.0
    return {**places, CLEAN: min(places.values(), default=0) - step}, step
