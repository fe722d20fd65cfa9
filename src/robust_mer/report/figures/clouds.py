"""Panels of t-SNE pictures: points of two kinds, each pair joined by a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robust_mer.report.figures import charts
from robust_mer.report.figures.lines import Look
from robust_mer.report.figures.panels import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAMPLES = 128
"""Utterances that are shown at most: more hide each other."""
_PERPLEXITY = 30.0
_ITERATIONS = 500
"""For a few hundred points; 1,000 lower the divergence by 1 % more."""


def lay_out(values: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Two coordinates for every row of several arrays, by one fit of t-SNE: [n, 2] each."""
    from sklearn.manifold import TSNE

    every = np.concatenate(values)
    perplexity = min(_PERPLEXITY, (len(every) - 1) / 3)
    tsne = TSNE(init="pca", perplexity=perplexity, max_iter=_ITERATIONS, random_state=0)
    points = tsne.fit_transform(every)
    return np.split(points, np.cumsum([len(some) for some in values])[:-1])


def points_of(kinds: Sequence[tuple[str, str, int, int, np.ndarray]]) -> pd.DataFrame:
    """Points of a panel, from ``line, series, place, dash`` and coordinates [n, 2] of each kind.

    Rows of the same number in the first and the second kind, the third and the fourth, ... are a
    pair.
    """
    parts = []
    for number, (line, series, place, dash, points) in enumerate(kinds):
        x, y = points.T
        table = pd.DataFrame({"x": x, "y": y}, dtype=float)
        pair = np.arange(len(table)) + 1000 * (number // 2)
        table = table.assign(line=line, series=series, place=place, dash=dash, sd=np.nan, pair=pair)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class Cloud(Panel):
    """Points in a plane whose axes mean nothing; see `points_of`."""

    side: float = 2.2
    """In inches."""

    @property
    def width(self) -> float:
        """In inches."""
        return self.side

    def height(self) -> float:
        """In inches."""
        return self.side

    def draw(self, axes: "Axes", has_labels: bool) -> None:
        """Pairs in grey, points above them."""
        from matplotlib.collections import LineCollection

        pairs = [some[["x", "y"]].to_numpy() for _, some in self.points.groupby("pair")]
        axes.add_collection(LineCollection(pairs, colors="0.8", linewidths=0.4, zorder=0))
        for _, some in self.points.groupby(["place", "dash"]):
            look = Look(some["place"].iloc[0], some["dash"].iloc[0])
            style = {**look.style(), "linestyle": "", "markersize": 3, "markeredgewidth": 0.6}
            axes.plot(some["x"], some["y"], **style)
        axes.set_axis_off()

    def part(self, number: int, series: dict[str, int], names: dict[str, str]) -> charts.Part:
        """The same in Vega-Lite."""
        points = charts.points(series, 18)
        points["mark"]["strokeWidth"] = 1
        points["encoding"]["tooltip"] = charts.tooltip(names, self.points)
        pairs = {
            "mark": {"type": "line", "strokeWidth": 0.5, "color": "#888888", "opacity": 0.5},
            "encoding": {"detail": {"field": "pair"}},
        }
        plane = {
            axis: {
                "field": axis,
                "type": "quantitative",
                "axis": None,
                "scale": {"zero": False, "padding": 4},
            }
            for axis in ("x", "y")
        }
        marks, side = [pairs, points], round(90 * self.side)
        return charts.panel(number, self.title, side, marks, height=side, encoding=plane)
