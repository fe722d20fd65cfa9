"""Tables of numbers in colours: what several figures are made of."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from robust_mer.report.figures import charts
from robust_mer.report.figures.base import Chart, Picture
from robust_mer.report.figures.palette import HEAT
from robust_mer.report.names import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CELL = 0.36  # inches
_WIDE_CELL = 0.7
_ROW = 0.25


@dataclass(frozen=True)
class HeatMaps(Picture):
    """Panels of cells, the numbers written into them as .78; what is missing stays empty.

    Attributes:
        cells: ``panel, row, column, value, series``; rows stand in the order of their first cells.
        columns: Their order.
        titles: By panel.
        abreast: Number of panels side by side.
        low: Value of the darkest colour.
        high: Value of the lightest.
        names: What ``row, column, value`` are called on hover.
        series: Place of every series among the colours.
        note: A caveat for the caption.
    """

    cells: pd.DataFrame
    columns: list[str]
    titles: dict[int, str]
    abreast: int
    low: float
    high: float
    names: dict[str, str]
    series: dict[str, int]
    note: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is no cell."""
        return self.cells.empty

    @cached_property
    def tables(self) -> dict[int, pd.DataFrame]:
        """By panel, the values [rows, columns]."""
        return {
            cast("int", panel): some.pivot_table(
                index="row", columns="column", values="value", sort=False
            ).reindex(
                index=some["row"].unique(),
                columns=[name for name in self.columns if name in set(some["column"])],
            )
            for panel, some in self.cells.groupby("panel")
        }

    def draw(self) -> "Figure":
        """Panels in a grid; a label that a panel shares with its neighbour stands once."""
        from matplotlib.figure import Figure

        from robust_mer.report.figures.style import LETTER, LINE

        places = {p: divmod(number, self.abreast) for number, p in enumerate(self.tables)}
        deep, abreast = (max(at) + 1 for at in zip(*places.values(), strict=True))
        shape = np.zeros((deep, abreast, 2))
        for panel, at in places.items():
            shape[at] = self.tables[panel].shape
        letters = max(map(len, self.columns))
        is_upright = letters * LETTER > _WIDE_CELL
        cell = _CELL if is_upright else max(_CELL, letters * LETTER)
        rows = [wrapped(str(name), charts.LABEL) for name in self.cells["row"].unique()]
        lines = max(name.count("\n") + 1 for name in rows)
        widths = np.maximum(shape[:, :, 1].max(axis=0) * cell, 1.3)
        titles = {
            panel: wrapped(self.titles[panel], max(8, int(widths[at[1]] / LETTER)))
            for panel, at in places.items()
        }
        title = max(text.count("\n") + 1 for text in titles.values())
        row = max(_ROW, lines * LINE + 0.05)
        heights = shape[:, :, 0].max(axis=1) * row
        foot = letters * LETTER if is_upright else LINE
        labels = LETTER * max(len(line) for name in rows for line in name.split("\n"))
        figure = Figure(
            figsize=(
                sum(widths) + 0.25 * abreast + labels * (1 if self._shares_rows else abreast),
                sum(heights) + deep * (title * LINE + 0.2) + foot * (1 if self._shares else deep),
            ),
            layout="constrained",
        )
        grid = figure.subplots(
            deep,
            abreast,
            squeeze=False,
            gridspec_kw={"width_ratios": widths, "height_ratios": heights},
        )
        for axes in grid.flat:
            axes.set_visible(False)
        for panel, at in places.items():
            grid[at].set_visible(True)
            draw_cells(grid[at], self.tables[panel], self.low, self.high)
            grid[at].set_title(titles[panel])
            grid[at].tick_params(axis="x", rotation=90 if is_upright else 0)
            grid[at].tick_params(
                labelleft=at[1] == 0 or not self._shares_rows,
                labelbottom=not self._shares or (at[0] + 1, at[1]) not in places.values(),
            )
        return figure

    @cached_property
    def _shares(self) -> bool:
        """Whether all panels have the same columns."""
        return len({tuple(table.columns) for table in self.tables.values()}) == 1

    @cached_property
    def _shares_rows(self) -> bool:
        """Whether panels that stand side by side have the same rows."""
        rows = [tuple(table.index) for table in self.tables.values()]
        return all(
            len(set(rows[at : at + self.abreast])) == 1 for at in range(0, len(rows), self.abreast)
        )

    def chart(self) -> Chart:
        """The same panels."""
        panels = [self._panel(number, table) for number, table in self.tables.items()]
        chart = charts.chart(self.cells, panels, self.abreast, self.series, coloured=False)
        chart["usermeta"]["turned_below"] = [
            charts.head_width(list(table.index), list(table.columns))
            for table in self.tables.values()
        ]
        return chart

    def _panel(self, number: int, table: pd.DataFrame) -> charts.Part:
        rows, columns = ([str(name) for name in axis] for axis in (table.index, table.columns))
        scale = {"scheme": HEAT, "domain": [self.low, self.high]}
        middle = (self.low + self.high) / 2
        value = {"field": "value", "type": "quantitative"}
        fits = f"width / {len(columns)} < 26 ? 0 : 1"
        return charts.panel(
            number,
            self.titles[number],
            110 + 36 * len(columns),
            [
                {
                    "mark": {"type": "rect"},
                    "encoding": {"color": {**value, "scale": scale, "legend": None}},
                },
                {
                    "mark": {"type": "text", "opacity": {"expr": fits}},
                    "encoding": {
                        "text": {**value, "format": ".2f"},
                        "color": {
                            "condition": {"test": f"datum.value > {middle:.6g}", "value": "black"},
                            "value": "white",
                        },
                    },
                },
            ],
            height={"step": max(20, *(charts.height_of(row) + 4 for row in rows))},
            encoding={
                "x": {
                    "field": "column",
                    "type": "nominal",
                    "sort": columns,
                    "scale": {"domain": columns},
                    "axis": charts.head_axis(columns),
                },
                "y": {
                    "field": "row",
                    "type": "nominal",
                    "sort": rows,
                    "axis": charts.label_axis(rows),
                },
                "tooltip": charts.tooltip(self.names, self.cells),
            },
        )


def draw_cells(axes: "Axes", table: pd.DataFrame, low: float, high: float) -> None:
    """Draw one table [rows, columns]."""
    values = table.to_numpy()
    axes.pcolormesh(np.ma.masked_invalid(values), cmap=HEAT, vmin=low, vmax=high, rasterized=False)
    axes.invert_yaxis()
    rows = [wrapped(str(name), charts.LABEL) for name in table.index]
    axes.set_yticks(np.arange(len(values)) + 0.5, rows)
    axes.set_xticks(np.arange(values.shape[1]) + 0.5, table.columns)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            axes.text(
                column + 0.5,
                row + 0.5,
                as_fraction(value),
                ha="center",
                va="center",
                # black on light cells, white on dark ones
                color="black" if value > (low + high) / 2 else "white",
            )


def score_range(rows: "pd.DataFrame", measure: str) -> tuple[float, float]:
    """The values of the darkest and the lightest colour.

    Args:
        rows: Of a summary.
        measure: The name of a metric.

    Returns:
        The least score, or chance if that is less, and the greatest score.
    """
    score = f"{measure}_mean"
    low = rows[[f"{measure}_chance", score]].min(axis=None)
    return cast("float", low), cast("float", rows[score].max())


def as_fraction(value: float) -> str:
    """Two digits without the zero in front: .78."""
    return f"{value:.2f}".removeprefix("0")
