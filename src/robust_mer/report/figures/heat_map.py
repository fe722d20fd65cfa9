"""A table of numbers in colours: what several figures are made of."""

from typing import TYPE_CHECKING, cast

import numpy as np
from matplotlib.axes import Axes

if TYPE_CHECKING:
    import pandas as pd

MAP = "cividis"
"""A colour map that is read alike with and without colour vision, and in grey."""


def draw_heat_map(
    axes: Axes,
    values: np.ndarray,
    rows: list[str],
    columns: list[str],
    low: float = 0.0,
    high: float = 1.0,
    numbers: bool = True,
) -> None:
    """Draw fractions as cells, written into each as .78; what is missing (NaN) stays white.

    Args:
        axes: Where to draw.
        values: [rows, columns].
        rows: Labels; none of them for a panel that shares its neighbour's.
        columns: Labels.
        low: Value of the darkest colour.
        high: Value of the lightest.
        numbers: Whether values are written into the cells.
    """
    axes.pcolormesh(np.ma.masked_invalid(values), cmap=MAP, vmin=low, vmax=high, rasterized=False)
    axes.invert_yaxis()
    axes.set_yticks(np.arange(len(values)) + 0.5, rows or [""] * len(values))
    axes.set_xticks(np.arange(values.shape[1]) + 0.5, columns)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if not numbers:
        return
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            axes.text(
                column + 0.5,
                row + 0.5,
                as_fraction(value),
                ha="center",
                va="center",
                fontsize=9,
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
