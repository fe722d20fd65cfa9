"""The SNR at the embedding of raw corruptions against the harm that they do."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from robust_mer.evaluation.calibration import ABOVE, BELOW, read_calibration
from robust_mer.evaluation.figures.style import CHANCE, COLOURS, STYLE, headline, save
from robust_mer.evaluation.summary import noise_and_snr
from robust_mer.evaluation.tables import count

_MARKERS = "os^DvPX*"
_BEYOND = {ABOVE: "↑", BELOW: "↓"}


def draw_calibration(
    experiment: dict, calibration_csv: str | Path, svg: str | Path, pdf: str | Path
) -> None:
    """Draw, per model, equivalent Gaussian dB and UA against the SNR at the embedding.

    A point is a raw corruption. The lines are Gaussian noise itself at its SNRs: a point beside the
    line of its modality is worse, or less bad, for the model than its SNR says. An arrow marks a
    point that lies beyond the measured SNRs.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        calibration_csv: ``{experiment}_raw.csv``.
        svg: Where to write the figure for the screen.
        pdf: Where to write the figure for print.
    """
    table = read_calibration(calibration_csv)
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": f"{experiment['name']} raw"}):
        save(_figure(experiment, table), experiment, svg, pdf)


def _figure(experiment: dict, table: pd.DataFrame) -> Figure:
    lines = list(table.groupby(["model", "trained_on"], sort=False))
    styles = {
        modality: {"color": COLOURS[place], "marker": _MARKERS[place]}
        for place, modality in enumerate(table["modality"].unique())
    }
    figure = Figure(figsize=(11, 4.6 * len(lines) + 1.4), layout="constrained")
    title = (
        f"Corruptions of recordings (points) and Gaussian noise on features (lines), one modality "
        f"corrupted and the others clean; {experiment['corpus']}, "
        f"{count(len(experiment['folds']), 'fold')}, {count(len(experiment['seeds']), 'seed')}; "
        "bars: ± 1 standard deviation; arrows: beyond the measured SNRs"
    )
    figure.suptitle(headline(experiment, title, 115), x=0.01, ha="left", fontsize=11)
    panels = figure.subplots(len(lines), 2, squeeze=False, sharex=True)
    for ((model, trained_on), rows), (left, right) in zip(lines, panels, strict=True):
        for modality, style in styles.items():
            some = rows[rows["modality"] == modality]
            _draw_equivalents(left, some, style)
            _draw_scores(right, some, style)
        right.axhline(rows["ua_chance"].mean(), **CHANCE)
        right.axhline(rows["ua_complete"].mean(), color="0.4", linestyle=":", linewidth=1)
        left.set_ylabel("Gaussian SNR of equal UA (dB)")
        right.set_ylabel("UA")
        for axes in (left, right):
            axes.set_title(f"{model}, trained on {trained_on}", loc="left", fontsize=11)
            axes.set_xlabel("SNR at the embedding (dB)")
            axes.xaxis.set_tick_params(labelbottom=True)
            axes.grid(color="0.9")
            axes.set_axisbelow(True)
    keys = [
        *[Line2D([], [], **style) for style in styles.values()],
        Line2D([], [], color="0.4", linestyle=":", linewidth=1),
        Line2D([], [], **CHANCE),
    ]
    names = [*styles, "no corruption", "chance (most frequent class)"]
    figure.legend(keys, names, loc="outside lower center", ncols=len(names), frameon=False)
    return figure


def _draw_equivalents(axes: Axes, rows: pd.DataFrame, style: dict) -> None:
    noise = rows[~rows["is_raw"]].assign(
        snr_db=lambda t: [noise_and_snr(n)[1] for n in t.corruption]
    )
    noise = noise.sort_values("snr_db")
    axes.plot(noise["embedding_snr_db_mean"], noise["snr_db"], color=style["color"], linewidth=1)
    raw = rows[rows["is_raw"] & rows["equivalent_db"].notna()]
    _draw_points(axes, raw, raw["equivalent_db"], None, style)
    for row in raw[raw["bound"] != ""].itertuples():
        axes.annotate(
            _BEYOND[row.bound],
            (row.embedding_snr_db_mean, row.equivalent_db),
            xytext=(0, 6 if row.bound == ABOVE else -14),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )


def _draw_scores(axes: Axes, rows: pd.DataFrame, style: dict) -> None:
    noise = rows[~rows["is_raw"]].sort_values("embedding_snr_db_mean")
    axes.plot(noise["embedding_snr_db_mean"], noise["ua_mean"], color=style["color"], linewidth=1)
    raw = rows[rows["is_raw"]]
    _draw_points(axes, raw, raw["ua_mean"], raw["ua_sd"], style)


def _draw_points(
    axes: Axes, rows: pd.DataFrame, y: pd.Series, sd: pd.Series | None, style: dict
) -> None:
    x = rows["embedding_snr_db_mean"].replace([np.inf, -np.inf], np.nan)
    axes.errorbar(x, y, sd, linestyle="", elinewidth=0.6, markersize=5, **style)
    labels = sorted(zip(x, y, rows["corruption"], strict=True))
    for place, (across, up, name) in enumerate(labels):
        if np.isfinite(across):
            aside = (5, -9 if place % 2 else 3)  # neighbours' labels do not meet
            axes.annotate(name, (across, up), xytext=aside, textcoords="offset points", fontsize=7)
