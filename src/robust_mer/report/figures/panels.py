"""Pictures of several panels with one legend: what several figures are made of."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from robust_mer.report.figures import charts
from robust_mer.report.figures.base import Chart, Picture
from robust_mer.report.figures.lines import Look
from robust_mer.report.names import wrapped
from robust_mer.report.words import figures as words
from robust_mer.table import records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RULES: dict[str, dict[str, Any]] = {
    words.CHANCE: {"color": "0.4", "linestyle": "--", "linewidth": 1},
    words.PROMISE: {"color": "0.4", "linestyle": "--", "linewidth": 1},
    words.NO_CORRUPTION: {"color": "0.4", "linestyle": ":", "linewidth": 1},
}
"""How the lines of single values look, by their names."""


@dataclass(frozen=True)
class Panel(ABC):
    """One panel.

    Attributes:
        title: Stands above it.
        points: ``line, series, place, dash, y, sd``, and what the kind of panel needs.
    """

    title: str
    points: pd.DataFrame

    has_lines: ClassVar[bool] = False
    """Whether points of a line are joined."""

    @property
    def has_marks(self) -> bool:
        """Whether points have symbols."""
        return True

    @property
    def rule_names(self) -> list[str]:
        """Names of the lines of single values."""
        return list(getattr(self, "rules", ()))

    @property
    def label_width(self) -> float:
        """Of names at the left, in inches."""
        return 0.0

    @property
    def width(self) -> float:
        """In inches, without names at the left."""
        return 3.6

    @abstractmethod
    def height(self) -> float:
        """In inches."""

    def same_labels(self, other: "Panel") -> bool:
        """Whether a panel has the same names at its left."""
        return False

    @abstractmethod
    def draw(self, axes: "Axes", has_labels: bool) -> None:
        """With Matplotlib; without names at the left where the panel beside it has them."""

    def labels(self) -> list[tuple[float, float, str]]:
        """Points (x, y) that bear a name in print; on the page it is shown on hover."""
        return []

    @abstractmethod
    def part(self, number: int, series: dict[str, int], names: dict[str, str]) -> charts.Part:
        """In Vega-Lite; see `Panels` for the arguments."""


@dataclass(frozen=True)
class Panels(Picture):
    """Panels, so many side by side, above one legend.

    Attributes:
        panels: From left to right and from the top down.
        abreast: How many stand side by side.
        series: Place of every series among the colours.
        names: What columns of the points are called on hover; ``x`` and ``y`` as their axes.
    """

    panels: Sequence[Panel]
    abreast: int
    series: dict[str, int]
    names: dict[str, str]

    @property
    def is_empty(self) -> bool:
        """Whether no panel has a point."""
        return not any(panel.points["y"].notna().any() for panel in self.panels)

    def draw(self) -> "Figure":
        """The panels above one legend."""
        from matplotlib.figure import Figure

        from robust_mer.report.figures.labels import add_labels
        from robust_mer.report.figures.style import LETTER, LINE, add_legend

        columns = min(self.abreast, len(self.panels))
        rows = [self.panels[at : at + columns] for at in range(0, len(self.panels), columns)]
        width = max(panel.width for panel in self.panels)
        titles = [wrapped(panel.title, int(width / LETTER) - 3) for panel in self.panels]
        lines = max(title.count("\n") + 1 for title in titles)
        heights = [max(panel.height() for panel in row) for row in rows]
        figure = Figure(
            figsize=(
                width * columns + max(panel.label_width for panel in self.panels),
                sum(heights) + len(rows) * (lines + 3) * LINE,
            ),
            layout="constrained",
        )
        grid = figure.subplots(
            len(rows), columns, squeeze=False, gridspec_kw={"height_ratios": heights}
        )
        for axes in grid.flat[len(self.panels) :]:
            axes.set_visible(False)
        for number, (panel, axes) in enumerate(zip(self.panels, grid.flat, strict=False)):
            is_first = number % columns == 0
            panel.draw(axes, is_first or not panel.same_labels(self.panels[number - 1]))
            axes.set_title(titles[number])
        add_legend(figure, *self._legend())
        if any(panel.labels() for panel in self.panels):
            pairs = zip(grid.flat, self.panels, strict=False)
            add_labels(figure, [(axes, panel.labels()) for axes, panel in pairs])
        return figure

    def _legend(self) -> tuple[list[Any], list[str]]:
        """What stands in the legend, and its names."""
        from matplotlib.lines import Line2D

        has_marks = any(panel.has_marks for panel in self.panels)
        look = {} if any(panel.has_lines for panel in self.panels) else {"linestyle": ""}
        lines = [{**one.style(has_marks), **look} for one in self._lines.values()]
        handles = [Line2D([], [], **style) for style in lines]
        rules = dict.fromkeys(name for panel in self.panels for name in panel.rule_names)
        handles += [Line2D([], [], **RULES[name]) for name in rules]
        return handles, [*self._lines, *rules]

    @cached_property
    def _lines(self) -> dict[str, Look]:
        """How every line looks, in the order of the legend."""
        keys = ["line", "place", "dash"]
        every = pd.concat([panel.points[keys] for panel in self.panels])
        every = every.drop_duplicates().sort_values(["place", "dash"], kind="stable")
        return {row["line"]: Look(row["place"], row["dash"]) for row in records(every)}

    def chart(self) -> Chart:
        """The same panels."""
        parts = [_bounded(panel).assign(panel=number) for number, panel in enumerate(self.panels)]
        table = pd.concat(parts, ignore_index=True)
        known = ["panel", "series", "line", "dash", "group", "x", "y", "sd", "low", "high"]
        used = dict.fromkeys([*known, "is_alone", "pair", *self.names])
        panels = [
            panel.part(number, self.series, self.names) for number, panel in enumerate(self.panels)
        ]
        table = table[[name for name in used if name in table]]
        return charts.chart(table, panels, self.abreast, self.series)


def _bounded(panel: Panel) -> pd.DataFrame:
    """Points with ``low`` and ``high``, the ends of their spread."""
    points = panel.points
    low, high = points["y"] - points["sd"], points["y"] + points["sd"]
    if getattr(panel, "log_y", False):
        low = low.clip(lower=points["y"].min() / 2)  # a logarithm needs more than 0
    points = points.assign(low=low, high=high)
    return points.astype({"is_alone": int}) if "is_alone" in points else points


def spread(values: pd.DataFrame, *rules: float) -> tuple[float, float]:
    """The ends of an axis on which all points, their spreads and some values are seen."""
    sd = values["sd"].fillna(0.0)
    ends = [(values["y"] - sd).min(), (values["y"] + sd).max(), *rules]
    low, high = np.nanmin(ends), np.nanmax(ends)
    margin = 0.05 * (high - low) or 0.05
    return float(low - margin), float(high + margin)
