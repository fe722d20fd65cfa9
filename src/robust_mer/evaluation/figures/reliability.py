"""Whether models know what they do not know: calibration, and risk against coverage."""

from itertools import cycle
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from robust_mer.evaluation.figures.style import COLOURS, STYLE, headline, save
from robust_mer.evaluation.summary import AVERAGE, trainings
from robust_mer.evaluation.tables import corruption_title, count, line_name

_DASHES = ["-", "--", ":"]


def draw_reliability(
    experiment: dict,
    svg: str | Path,
    pdf: str | Path,
    reliability: str | Path,
    curves: str | Path,
) -> None:
    """Draw, per corruption, risk against coverage and the expected calibration error.

    Risk is the share of wrong predictions among the most confident ones; coverage is how many those
    are. Both are averages over the partial conditions.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        svg: Where to write the figure for the screen.
        pdf: Where to write the figure for print.
        reliability: ``{experiment}_reliability.csv``.
        curves: ``{experiment}_risk_coverage.csv``.
    """
    errors, risks = (_average(path) for path in (reliability, curves))
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": f"{experiment['name']} reliability"}):
        save(_figure(experiment, errors, risks), experiment, svg, pdf)


def _average(path: str | Path) -> pd.DataFrame:
    table = pd.read_csv(path)
    table = table[table["condition"] == AVERAGE].reset_index(drop=True)
    return table.assign(training=trainings(table))


def _figure(experiment: dict, errors: pd.DataFrame, risks: pd.DataFrame) -> Figure:
    corruptions = list(errors["tested_on"].unique())
    lines = list(errors.groupby(["model", "training"], sort=False).groups)
    styles = {
        line: {"color": colour, "linestyle": _DASHES[place // len(COLOURS) % len(_DASHES)]}
        for place, (line, colour) in enumerate(zip(lines, cycle(COLOURS)))
    }
    title = (
        "Mean over the partial conditions: share of wrong predictions among the most confident "
        f"ones (left), expected calibration error (right); {experiment['corpus']}, "
        f"{count(len(experiment['folds']), 'fold')}, {count(len(experiment['seeds']), 'seed')}"
    )
    height = max(2.6, 0.24 * len(lines) + 0.8)
    figure = Figure(figsize=(9.5, height * len(corruptions) + 1.8), layout="constrained")
    figure.suptitle(headline(experiment, title, 100), x=0.01, ha="left", fontsize=11)
    panels = figure.subplots(len(corruptions), 2, squeeze=False, sharex="col")
    for tested_on, (left, right) in zip(corruptions, panels, strict=True):
        for line, curve in risks[risks["tested_on"] == tested_on].groupby(["model", "training"]):
            left.plot(curve["coverage"], curve["risk"], linewidth=1.4, **styles[line])
        left.set_title(corruption_title(tested_on), loc="left", fontsize=11)
        left.set_ylabel("risk")
        left.set_ylim(bottom=0)
        own = errors[errors["tested_on"] == tested_on]
        places = np.arange(len(own))
        keys = list(zip(own["model"], own["training"], strict=True))
        right.barh(places, own["ece_mean"], color=[styles[key]["color"] for key in keys])
        right.set_yticks(places, [line_name(experiment, *key) for key in keys], fontsize=8)
        right.invert_yaxis()
        for axes in (left, right):
            axes.grid(color="0.9")
            axes.set_axisbelow(True)
    panels[-1, 0].set_xlabel("coverage")
    panels[-1, 1].set_xlabel("expected calibration error")
    keys = [Line2D([], [], **style) for style in styles.values()]
    names = [line_name(experiment, *line) for line in styles]
    figure.legend(keys, names, loc="outside lower center", ncols=3, frameon=False)
    return figure
