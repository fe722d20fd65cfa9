"""How models do on corruptions that they were not trained on."""

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from robust_mer.evaluation.figures.heat_map import draw_heat_map
from robust_mer.evaluation.figures.style import STYLE, headline, save
from robust_mer.evaluation.summary import AVERAGE, COMPLETE, read_summary
from robust_mer.evaluation.tables import corruption_title, count
from robust_mer.protocol import CLEAN, NONE, parse_trained_on


def draw_transfer(experiment: dict, svg: str | Path, pdf: str | Path, summary: str | Path) -> None:
    """Draw a panel per model: what it was trained on against what it was tested on, in UA.

    UA is averaged over the partial conditions; tested on ``clean`` it is that of complete data.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        svg: Where to write the figure for the screen.
        pdf: Where to write the figure for print.
        summary: ``{experiment}_all.csv``.
    """
    rows = read_summary(summary)
    clean = (rows["tested_on"] == CLEAN) & (rows["kind"] == COMPLETE)
    partial = rows["trained_on"].map(lambda name: parse_trained_on(name)[1] != NONE)
    rows = rows[((rows["kind"] == AVERAGE) | clean) & partial]
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": f"{experiment['name']} transfer"}):
        save(_figure(experiment, rows), experiment, svg, pdf)


def _figure(experiment: dict, rows: pd.DataFrame) -> Figure:
    tested_on = list(rows["tested_on"].unique())
    tables = {
        model: some.pivot_table(
            index="trained_on", columns="tested_on", values="ua_mean", sort=False
        ).reindex(columns=tested_on)
        for model, some in rows.groupby("model", sort=False)
    }
    heights = [len(table) for table in tables.values()]
    figure = Figure(
        figsize=(3.2 + 0.55 * len(tested_on), 0.34 * sum(heights) + 0.35 * len(tables) + 2.6),
        layout="constrained",
    )
    title = (
        "UA by what a model was trained on (rows) and tested on (columns), mean over the partial "
        f"conditions, {experiment['corpus']}, {count(len(experiment['folds']), 'fold')}, "
        f"{count(len(experiment['seeds']), 'seed')}"
    )
    width = 30 + 8 * len(tested_on)
    figure.suptitle(headline(experiment, title, width), x=0.01, ha="left", fontsize=11)
    axes = figure.subplots(
        len(tables), 1, squeeze=False, sharex=True, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    low, high = rows[["ua_chance", "ua_mean"]].min(axis=None), rows["ua_mean"].max()
    for panel, (model, table) in zip(axes, tables.items(), strict=True):
        labels = [corruption_title(name) for name in table.index]
        columns = [corruption_title(name) for name in tested_on]
        draw_heat_map(panel, table.to_numpy(), labels, columns, low, high)
        panel.set_title(model, loc="left", fontsize=11)
        panel.tick_params(labelbottom=panel is axes[-1])
    axes[-1].tick_params(axis="x", rotation=90)
    return figure
