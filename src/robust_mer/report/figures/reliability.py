"""Whether models know what they do not know: calibration, and risk against coverage."""

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from robust_mer.evaluation.experiment import AVERAGE
from robust_mer.report.figures.base import ResultFigure
from robust_mer.report.names import corruption_title, line_name, lines_of
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words
from robust_mer.table import groups

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_DASHES = ["-", "--", ":"]


class Reliability(ResultFigure):
    """Per corruption, risk against coverage and the expected calibration error.

    Risk is the share of wrong predictions among the most confident ones; coverage is how many those
    are. Both are averages over the partial conditions.
    """

    title = words.TITLE_RISK
    reads = ("reliability", "curves")

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether models state how sure they are, and are tested on corrupted data."""
        return experiment.kind.has_confidence and experiment.has_corruptions

    def draw(self, spec: FigureSpec, files: Results) -> "Figure":
        """From the reliability and its curves."""
        experiment = spec.experiment
        errors, risks = (
            _average(experiment, path) for path in (files.path("reliability"), files.path("curves"))
        )
        return _figure(experiment, errors, risks)


def _average(experiment: Experiment, path: Path) -> "pd.DataFrame":
    from robust_mer.evaluation.summary import read_statistics, trainings

    table = read_statistics(path)
    table = table[table["condition"] == AVERAGE].reset_index(drop=True)
    return table.assign(training=trainings(experiment, table))


def _figure(experiment: Experiment, errors: "pd.DataFrame", risks: "pd.DataFrame") -> "Figure":
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from robust_mer.report.figures.style import COLOURS, LineStyle, headline, runs

    corruptions = list(errors["tested_on"].unique())
    lines = lines_of(errors)
    styles: dict[tuple[str, ...], LineStyle] = {
        line: {"color": colour, "linestyle": _DASHES[place // len(COLOURS) % len(_DASHES)]}
        for place, (line, colour) in enumerate(zip(lines, cycle(COLOURS)))
    }
    title = words.headline_reliability(experiment.corpus, runs(experiment))
    height = max(2.6, 0.24 * len(lines) + 0.8)
    figure = Figure(figsize=(9.5, height * len(corruptions) + 1.8), layout="constrained")
    figure.suptitle(headline(experiment, title, 100), x=0.01, ha="left", fontsize=11)
    panels = figure.subplots(len(corruptions), 2, squeeze=False, sharex="col")
    for tested_on, (left, right) in zip(corruptions, panels, strict=True):
        shown = risks[risks["tested_on"] == tested_on]
        for line, curve in groups(shown, ["model", "training"], sort=True):
            left.plot(curve["coverage"], curve["risk"], linewidth=1.4, **styles[line])
        left.set_title(corruption_title(experiment, tested_on), loc="left", fontsize=11)
        left.set_ylabel(words.RISK)
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
    panels[-1, 0].set_xlabel(words.COVERAGE)
    panels[-1, 1].set_xlabel(words.CALIBRATION_ERROR)
    handles = [Line2D([], [], **style) for style in styles.values()]
    names = [line_name(experiment, *line) for line in lines]
    figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False)
    return figure
