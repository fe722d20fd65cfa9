"""Whether models know what they do not know: calibration, and risk against coverage."""

from pathlib import Path
from typing import TYPE_CHECKING

from robust_mer.conditions import NONE
from robust_mer.evaluation.experiment import AVERAGE
from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words

if TYPE_CHECKING:
    import pandas as pd


class Reliability(PictureFigure):
    """Per corruption, risk against coverage; and the expected calibration error under each.

    Risk is the share of wrong predictions among the most confident ones; coverage is how many those
    are. Both are averages over the partial conditions, or those of data that are corrupted in all
    modalities, if no modality is ever clean.
    """

    title = words.TITLE_RISK
    reads = ("reliability", "curves")

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether models state how sure they are, and are tested on corrupted data."""
        return experiment.predicts.has_confidence and experiment.has_corruptions

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the reliability and its curves."""
        from robust_mer.report.figures.curves import Curves
        from robust_mer.report.figures.dots import Dots
        from robust_mer.report.figures.lines import series_of
        from robust_mer.report.figures.panels import Panel, Panels, spread

        experiment = spec.experiment
        errors, risks = (
            _average(experiment, files.path(name)) for name in ("reliability", "curves")
        )
        errors = errors.assign(y=errors["ece_mean"], sd=errors["ece_sd"])
        risks = risks.assign(x=risks["coverage"], y=risks["risk"], sd=float("nan"), is_alone=False)
        shown = ["line", "series", "place", "dash", "group", "y", "sd"]
        top = risks["y"].max() * 1.05 or 1.0
        panels: list[Panel] = [
            Curves(
                corruption_title(experiment, tested_on),
                risks.loc[risks["tested_on"] == tested_on, [*shown, "x", "is_alone"]],
                words.COVERAGE,
                words.RISK,
                span=(0.0, top),
            )
            for tested_on in errors["tested_on"].unique()
        ]
        panels.append(Dots("", errors[shown], words.CALIBRATION_ERROR, span=spread(errors)))
        names = {"line": words.MODEL, "group": words.TESTED_ON, "x": "", "y": "", "sd": words.SD}
        return Panels(panels, 2, series_of(experiment), names)

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What the panels are."""
        return words.ABOUT_RELIABILITY


def _average(experiment: Experiment, path: Path) -> "pd.DataFrame":
    from robust_mer.evaluation.summary import read_statistics
    from robust_mer.report.figures.lines import named

    table = read_statistics(path)
    rows = table[table["condition"] == AVERAGE]
    if rows.empty:  # e.g. models of one modality
        rows = table[table["condition"] == NONE]
    order = {name: place for place, name in enumerate(rows["tested_on"].unique())}
    rows = named(experiment, rows).sort_values(
        "tested_on", key=lambda names: names.map(order), kind="stable"
    )
    return rows.assign(group=[corruption_title(experiment, name) for name in rows["tested_on"]])
