"""How training went: loss and validation UA by epoch."""

from itertools import cycle
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from robust_mer.evaluation.figures.style import COLOURS, STYLE, headline, save
from robust_mer.evaluation.tables import corruption_title, count

_DASHES = ["-", "--", ":"]


def draw_learning(
    experiment: dict,
    svg: str | Path,
    pdf: str | Path,
    histories: dict[tuple[str, str], list[str | Path]],
) -> None:
    """Draw the training loss (its scale is the model's own) and UA on the validation part.

    A row of panels per corruption that models were trained on, a line per model: the mean over its
    replicas, and a band of ± one standard deviation.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        svg: Where to write the figure for the screen.
        pdf: Where to write the figure for print.
        histories: The replicas' histories, by (model, trained on).
    """
    means = {}
    for key, paths in histories.items():
        every = pd.concat([pd.read_csv(path) for path in paths])
        by_epoch = every.groupby("epoch")[["loss", "validation_ua"]]
        means[key] = by_epoch.mean().join(by_epoch.std(ddof=1).add_suffix("_sd"))
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": f"{experiment['name']} learning"}):
        save(_figure(experiment, means), experiment, svg, pdf)


def _figure(experiment: dict, means: dict[tuple[str, str], pd.DataFrame]) -> Figure:
    models = list(dict.fromkeys(model for model, _ in means))
    styles = {
        model: {"color": colour, "linestyle": _DASHES[place // len(COLOURS)]}
        for place, (model, colour) in enumerate(zip(models, cycle(COLOURS)))
    }
    trained_on = list(dict.fromkeys(name for _, name in means))
    figure = Figure(figsize=(9, 2.9 * len(trained_on) + 1.5), layout="constrained")
    title = (
        f"Training, {experiment['corpus']}, {count(len(experiment['folds']), 'fold')}, "
        f"{count(len(experiment['seeds']), 'seed')}; bands: ± 1 standard deviation"
    )
    figure.suptitle(headline(experiment, title), x=0.01, ha="left", fontsize=11)
    panels = figure.subplots(len(trained_on), 2, squeeze=False, sharex=True)
    for name, (left, right) in zip(trained_on, panels, strict=True):
        for (model, other), table in means.items():
            if other != name:
                continue
            for axes, value in ((left, "loss"), (right, "validation_ua")):
                mean, sd = table[value], table[f"{value}_sd"].fillna(0.0)
                axes.plot(table.index, mean, linewidth=1.4, **styles[model])
                axes.fill_between(
                    table.index,
                    mean - sd,
                    mean + sd,
                    color=styles[model]["color"],
                    alpha=0.12,
                    linewidth=0,
                )
        left.set_yscale("log")
        left.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        left.yaxis.set_minor_formatter(NullFormatter())
        left.set_title(f"trained on {corruption_title(name)}", loc="left", fontsize=11)
        left.set_ylabel("training loss")
        right.set_ylabel("validation UA")
        for axes in (left, right):
            axes.grid(axis="y", color="0.9")
            axes.set_xlabel("epoch" if name == trained_on[-1] else "")
    keys = [Line2D([], [], **style) for style in styles.values()]
    figure.legend(keys, models, loc="outside lower center", ncols=4, frameon=False)
    return figure
