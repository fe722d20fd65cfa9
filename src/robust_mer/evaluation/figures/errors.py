"""Where models err: by emotion, condition and speaker."""

from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from robust_mer.evaluation.figures.confusion import Key, read_test_part
from robust_mer.evaluation.figures.heat_map import draw_heat_map
from robust_mer.evaluation.figures.style import STYLE, headline, save
from robust_mer.evaluation.summary import trainings
from robust_mer.evaluation.tables import corruption_title, count, line_name
from robust_mer.table import read_table

_NAMES = {"label": "emotion", "condition": "condition", "speaker": "speaker"}
MOST_COLUMNS = 40  # speakers; beyond that (CMU-MOSEI has a thousand) no picture can show them


def draw_errors(
    experiment: dict,
    svg: str | Path,
    pdf: str | Path,
    predictions: dict[Key, str | Path],
    utterances: str | Path,
) -> None:
    """Draw the share of wrong predictions per model: a row of panels per corruption.

    Over the partial conditions, and the complete one of clean data; all folds and seeds together.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        svg: Where to write the figure for the screen.
        pdf: Where to write the figure for print.
        predictions: Path by (model, trained on, tested on).
        utterances: The corpus' index, which knows the speakers.
    """
    speaker = read_table(utterances).set_index("utterance")["speaker"]
    keys = pd.DataFrame(predictions.keys(), columns=["model", "trained_on", "tested_on"])
    keys["training"] = trainings(keys)
    parts = []
    for (_, row), path in zip(keys.iterrows(), predictions.values(), strict=True):
        table = read_test_part(path, experiment)
        table["wrong"] = table["label"] != table["predicted"]
        table["speaker"] = table["utterance"].map(speaker)
        line = line_name(experiment, row["model"], row["training"])
        for by in ("label", "condition", "speaker"):
            shares = table.groupby(by)["wrong"].mean()
            parts.append(
                pd.DataFrame(
                    {
                        "tested_on": row["tested_on"],
                        "line": line,
                        "by": by,
                        "value": shares.index,
                        "wrong": shares.to_numpy(),
                    }
                )
            )
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": f"{experiment['name']} errors"}):
        save(_figure(experiment, pd.concat(parts, ignore_index=True)), experiment, svg, pdf)


def _figure(experiment: dict, errors: pd.DataFrame) -> Figure:
    corruptions = list(errors["tested_on"].unique())
    columns = ["label", "condition"]
    speakers = errors.loc[errors["by"] == "speaker", "value"].nunique()
    title = (
        f"Share of wrong predictions over the partial conditions, {experiment['corpus']}, "
        f"{count(len(experiment['folds']), 'fold')}, {count(len(experiment['seeds']), 'seed')}"
    )
    if speakers <= MOST_COLUMNS:
        columns.append("speaker")
    else:
        title += f"; {speakers} speakers are too many to be shown one by one"
    widths = [errors.loc[errors["by"] == by, "value"].nunique() for by in columns]
    heights = [
        errors.loc[errors["tested_on"] == name, "line"].nunique() + 2.5 for name in corruptions
    ]
    figure = Figure(
        figsize=(3.4 + 0.42 * sum(widths), 0.3 * sum(heights) + 1.5), layout="constrained"
    )
    figure.suptitle(
        headline(experiment, title, 20 + 4 * sum(widths)), x=0.01, ha="left", fontsize=11
    )
    panels = figure.subplots(
        len(corruptions),
        len(columns),
        squeeze=False,
        gridspec_kw={"width_ratios": widths, "height_ratios": heights},
    )
    high = errors["wrong"].max()
    for row, tested_on in enumerate(corruptions):
        for column, by in enumerate(columns):
            some = errors[(errors["tested_on"] == tested_on) & (errors["by"] == by)]
            table = some.pivot_table(index="line", columns="value", values="wrong", sort=False)
            order = sorted(
                table.columns, key=lambda name: (len(name) if by == "condition" else 0, name)
            )
            axes = panels[row, column]
            draw_heat_map(
                axes,
                table[order].to_numpy(),
                list(table.index) if column == 0 else [],
                order,
                0.0,
                high,
            )
            axes.tick_params(axis="x", rotation=0 if by == "condition" else 90)
            if column == 0:
                axes.set_ylabel(corruption_title(tested_on), fontsize=11)
            if row == 0:
                axes.set_title(f"by {_NAMES[by]}", loc="left", fontsize=11)
    return figure
