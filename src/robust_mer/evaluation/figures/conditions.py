"""UA of every model in every condition, as colours."""

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from robust_mer.evaluation.figures.heat_map import draw_heat_map
from robust_mer.evaluation.figures.style import STYLE, headline, save
from robust_mer.evaluation.summary import COMPLETE, NONE, PARTIAL, read_summary
from robust_mer.evaluation.tables import corruption_title, count, line_name
from robust_mer.protocol import CLEAN


def draw_conditions(
    experiment: dict, svg: str | Path, pdf: str | Path, summary: str | Path
) -> None:
    """Draw a panel per corruption with a row per model and a column per condition.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        svg: Where to write the figure for the screen.
        pdf: Where to write the figure for print.
        summary: ``{experiment}_all.csv``.
    """
    rows = read_summary(summary)
    rows = rows[rows["kind"].isin([NONE, PARTIAL, COMPLETE]) & (rows["tested_on"] != CLEAN)]
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": f"{experiment['name']} conditions"}):
        save(_figure(experiment, rows), experiment, svg, pdf)


def _figure(experiment: dict, rows: pd.DataFrame) -> Figure:
    panels = list(rows.groupby("tested_on", sort=False))
    columns = min(2, len(panels))
    lines = max(len(some.groupby(["model", "training"])) for _, some in panels)
    deep = -(-len(panels) // columns)
    figure = Figure(
        figsize=(2.4 + 4.6 * columns, (0.32 * lines + 0.9) * deep + 0.9), layout="constrained"
    )
    title = (
        f"UA in each condition (letters: the clean modalities), {experiment['corpus']}, "
        f"{count(len(experiment['folds']), 'fold')}, {count(len(experiment['seeds']), 'seed')}"
    )
    figure.suptitle(headline(experiment, title, 60 * columns), x=0.01, ha="left", fontsize=11)
    low = rows[["ua_chance", "ua_mean"]].min(axis=None)
    high = rows["ua_mean"].max()
    axes = figure.subplots(deep, columns, squeeze=False).ravel()
    for place, (tested_on, some) in enumerate(panels):
        names = some.drop_duplicates("condition").set_index("condition")["kind"]
        order = sorted(names.index, key=lambda name: (name != NONE, len(name)))
        table = some.pivot_table(
            index=["model", "training"], columns="condition", values="ua_mean", sort=False
        )[order]
        labels = [line_name(experiment, *line) for line in table.index]
        draw_heat_map(axes[place], table.to_numpy(), labels, order, low, high)
        axes[place].set_title(corruption_title(tested_on), loc="left", fontsize=11)
    for unused in axes[len(panels) :]:
        unused.set_visible(False)
    return figure
