"""The SNR at the embedding of raw corruptions against the harm that they do."""

from typing import TYPE_CHECKING

import numpy as np

from robust_mer.report.figures.base import ResultFigure
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words
from robust_mer.table import groups, records

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from robust_mer.report.figures.style import LineStyle

_MARKERS = "os^DvPX*"


class RawCorruptions(ResultFigure):
    """Per model, equivalent Gaussian dB and the main measure against the SNR at the embedding.

    A point is a raw corruption. The lines are Gaussian noise itself at its SNRs: a point beside the
    line of its modality is worse, or less bad, for the model than its SNR says. An arrow marks a
    point that lies beyond the measured SNRs.
    """

    title = words.TITLE_RAW_FIGURE
    section = "raw"
    reads = ("calibration",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether recordings were corrupted."""
        return experiment.has_raw

    def draw(self, spec: FigureSpec, files: Results) -> "Figure":
        """From the calibration."""
        from robust_mer.evaluation.calibration import read_calibration

        return _figure(spec.experiment, read_calibration(files.path("calibration")))


def _figure(experiment: Experiment, table: "pd.DataFrame") -> "Figure":
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from robust_mer.report.figures.style import CHANCE, COLOURS, LineStyle, headline, runs

    main = experiment.main
    lines = list(groups(table, ["model", "trained_on"]))
    styles: dict[str, LineStyle] = {
        modality: {"color": COLOURS[place], "marker": _MARKERS[place]}
        for place, modality in enumerate(table["modality"].unique())
    }
    figure = Figure(figsize=(11, 4.6 * len(lines) + 1.4), layout="constrained")
    title = words.headline_raw(experiment.corpus, runs(experiment))
    figure.suptitle(headline(experiment, title, 115), x=0.01, ha="left", fontsize=11)
    panels = figure.subplots(len(lines), 2, squeeze=False, sharex=True)
    for ((model, trained_on), rows), (left, right) in zip(lines, panels, strict=True):
        for modality, style in styles.items():
            some = rows[rows["modality"] == modality]
            _draw_equivalents(experiment, left, some, style)
            _draw_scores(main.name, right, some, style)
        right.axhline(rows[f"{main.name}_chance"].mean(), **CHANCE)
        right.axhline(rows[f"{main.name}_complete"].mean(), color="0.4", linestyle=":", linewidth=1)
        left.set_ylabel(words.equal_noise_axis(main.title))
        right.set_ylabel(main.title)
        for axes in (left, right):
            axes.set_title(words.model_panel(model, trained_on), loc="left", fontsize=11)
            axes.set_xlabel(words.SNR_AT_EMBEDDING)
            axes.xaxis.set_tick_params(labelbottom=True)
            axes.grid(color="0.9")
            axes.set_axisbelow(True)
    keys = [
        *[Line2D([], [], **style) for style in styles.values()],
        Line2D([], [], color="0.4", linestyle=":", linewidth=1),
        Line2D([], [], **CHANCE),
    ]
    names = [*styles, words.NO_CORRUPTION, words.CHANCE]
    figure.legend(keys, names, loc="outside lower center", ncols=len(names), frameon=False)
    return figure


def _draw_equivalents(
    experiment: Experiment, axes: "Axes", rows: "pd.DataFrame", style: "LineStyle"
) -> None:
    from robust_mer.evaluation.calibration import ABOVE, BELOW

    beyond = {ABOVE: "↑", BELOW: "↓"}
    noise = rows[~rows["is_raw"]].assign(
        snr_db=lambda t: [experiment.noise_and_snr(n)[1] for n in t.corruption]
    )
    noise = noise.sort_values("snr_db")
    axes.plot(noise["embedding_snr_db_mean"], noise["snr_db"], color=style["color"], linewidth=1)
    raw = rows[rows["is_raw"] & rows["equivalent_db"].notna()]
    _draw_points(axes, raw, raw["equivalent_db"], None, style)
    for row in records(raw[raw["bound"] != ""]):
        axes.annotate(
            beyond[row["bound"]],
            (row["embedding_snr_db_mean"], row["equivalent_db"]),
            xytext=(0, 6 if row["bound"] == ABOVE else -14),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )


def _draw_scores(measure: str, axes: "Axes", rows: "pd.DataFrame", style: "LineStyle") -> None:
    noise = rows[~rows["is_raw"]].sort_values("embedding_snr_db_mean")
    axes.plot(
        noise["embedding_snr_db_mean"], noise[f"{measure}_mean"], color=style["color"], linewidth=1
    )
    raw = rows[rows["is_raw"]]
    _draw_points(axes, raw, raw[f"{measure}_mean"], raw[f"{measure}_sd"], style)


def _draw_points(
    axes: "Axes",
    rows: "pd.DataFrame",
    y: "pd.Series",
    sd: "pd.Series | None",
    style: "LineStyle",
) -> None:
    x = rows["embedding_snr_db_mean"].replace([np.inf, -np.inf], np.nan)
    axes.errorbar(x, y, sd, linestyle="", elinewidth=0.6, markersize=5, **style)
    labels = sorted(zip(x, y, rows["corruption"], strict=True))
    for place, (across, up, name) in enumerate(labels):
        if np.isfinite(across):
            aside = (5, -9 if place % 2 else 3)  # neighbours' labels do not meet
            axes.annotate(name, (across, up), xytext=aside, textcoords="offset points", fontsize=7)
