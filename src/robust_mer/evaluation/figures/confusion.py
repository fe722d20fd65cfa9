"""Which classes models take for which."""

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from robust_mer.evaluation.figures.heat_map import draw_heat_map
from robust_mer.evaluation.figures.style import STYLE, headline, save
from robust_mer.evaluation.summary import COMPLETE, PARTIAL, kinds_of, trainings
from robust_mer.evaluation.tables import corruption_title, count, line_name

Key = tuple[str, str, str]


def draw_confusion(
    experiment: dict, svg: str | Path, pdf: str | Path, predictions: dict[Key, str | Path]
) -> None:
    """Draw a confusion matrix per model and corruption, as shares of the true class.

    All folds and seeds together, and all partial conditions (the complete one of clean data).

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        svg: Where to write the figure for the screen.
        pdf: Where to write the figure for print.
        predictions: Path by (model, trained on, tested on).
    """
    matrices = {key: _matrix(path, experiment) for key, path in predictions.items()}
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": f"{experiment['name']} confusion"}):
        save(_figure(experiment, matrices), experiment, svg, pdf)


def read_test_part(path: str | Path, experiment: dict) -> pd.DataFrame:
    """Predictions of the test part, of an experiment's folds and seeds, that a figure counts.

    Those of the partial conditions; of the complete one where there is no other.
    """
    table = pd.read_parquet(
        path,
        columns=["utterance", "fold", "seed", "condition", "label", "predicted"],
        filters=[
            ("part", "==", "test"),
            ("fold", "in", experiment["folds"]),
            ("seed", "in", experiment["seeds"]),
        ],
    )
    kinds = kinds_of(table["condition"].unique())
    wanted = PARTIAL if PARTIAL in kinds.values() else COMPLETE
    return table[table["condition"].map(kinds) == wanted]


def _matrix(path: str | Path, experiment: dict) -> pd.DataFrame:
    table = read_test_part(path, experiment)
    classes = sorted(set(table["label"]) | set(table["predicted"]))
    shares = confusion_matrix(table["label"], table["predicted"], labels=classes, normalize="true")
    return pd.DataFrame(shares, classes, classes)


def _figure(experiment: dict, matrices: dict[Key, pd.DataFrame]) -> Figure:
    keys = pd.DataFrame(matrices.keys(), columns=["model", "trained_on", "tested_on"])
    keys["training"] = trainings(keys)
    lines = list(keys.groupby(["model", "training"], sort=False).groups)
    columns = list(keys["tested_on"].unique())
    classes = list(next(iter(matrices.values())).index)
    side = 0.36 * len(classes) + 0.25
    figure = Figure(
        figsize=(2.4 + side * len(columns), 1.9 + side * len(lines)), layout="constrained"
    )
    title = (
        "Share of each true class (row) by the class that was predicted (column), over the partial "
        f"conditions, {experiment['corpus']}, {count(len(experiment['folds']), 'fold')}, "
        f"{count(len(experiment['seeds']), 'seed')}"
    )
    width = 20 + 20 * len(columns)
    figure.suptitle(headline(experiment, title, width), x=0.01, ha="left", fontsize=11)
    panels = figure.subplots(len(lines), len(columns), squeeze=False)
    for panel in panels.ravel():
        panel.set_visible(False)
    for (key, matrix), training in zip(matrices.items(), keys["training"], strict=True):
        row, column = lines.index((key[0], training)), columns.index(key[2])
        panel = panels[row, column]
        panel.set_visible(True)
        draw_heat_map(panel, matrix.to_numpy(), classes, classes)
        panel.tick_params(axis="x", rotation=90)
        panel.tick_params(labelleft=column == 0, labelbottom=row == len(lines) - 1, labelsize=9)
        if row == 0:
            panel.set_title(corruption_title(key[2]), fontsize=10)
        if column == 0:
            panel.set_ylabel(line_name(experiment, *lines[row]).replace(" (", "\n("), fontsize=9)
    return figure
