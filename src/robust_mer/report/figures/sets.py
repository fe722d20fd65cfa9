"""Coverage and size of prediction sets against the SNR."""

from typing import TYPE_CHECKING

from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words
from robust_mer.tasks.task import ChoiceTask

if TYPE_CHECKING:
    import pandas as pd


class PredictionSets(PictureFigure):
    """A row of panels for each calibration: coverage at the left, size at the right.

    The sets promise the coverage of each class; averages over the partial conditions, and the
    complete condition of clean data.
    """

    title = words.TITLE_SETS
    reads = ("sets",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether models give probabilities of classes, and are tested on corrupted data."""
        return isinstance(experiment.predicts, ChoiceTask) and experiment.has_corruptions

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the sets."""
        from robust_mer.conditions import CLEAN, NONE
        from robust_mer.evaluation.experiment import AVERAGE, COMPLETE
        from robust_mer.evaluation.sets import EACH_CLASS, read_sets
        from robust_mer.report.figures.snr_curves import Measured, against_snr

        table = read_sets(files.path("sets"))
        is_clean = (table["kind"] == COMPLETE) & (table["tested_on"] == CLEAN)
        kind = AVERAGE if (table["kind"] == AVERAGE).any() else NONE
        shown = table[(table["promise"] == EACH_CLASS) & (is_clean | (table["kind"] == kind))]
        names = {"coverage": (words.SET_COVERAGE, words.PROMISE), "size": (words.SET_SIZE, "")}
        spans = {name: _span(shown, name) for name in names}
        measures = [
            Measured(
                f"{name}_{calibration}",
                words.set_panel(axis, calibration),
                axis,
                rule,
                spans[name],
            )
            for calibration in words.CALIBRATION
            if (shown["calibration"] == calibration).any()
            for name, (axis, rule) in names.items()
        ]
        return against_snr(spec.experiment, _wide(shown), measures, 2)

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What is promised, and how sets were calibrated."""
        return words.ABOUT_SETS


def _span(rows: "pd.DataFrame", name: str) -> tuple[float, float]:
    """Ends of an axis that all panels of a figure share."""
    from robust_mer.report.figures.panels import spread

    rules: list[float] = rows["promised"].unique().tolist() if name == "coverage" else []
    return spread(rows.assign(y=rows[name], sd=rows[f"{name}_sd"]), *rules)


def _wide(rows: "pd.DataFrame") -> "pd.DataFrame":
    """A row per evaluation, with the columns of `Measured` for each calibration."""
    keys = ["model", "trained_on", "tested_on"]
    names = {
        "coverage": "coverage_{}_mean",
        "coverage_sd": "coverage_{}_sd",
        "promised": "coverage_{}_rule",
        "size": "size_{}_mean",
        "size_sd": "size_{}_sd",
    }
    wide = rows.drop_duplicates(keys)[keys]
    for calibration, some in rows.groupby("calibration", sort=False):
        columns = {name: form.format(calibration) for name, form in names.items()}
        part = some[[*keys, *columns]].rename(columns=columns)
        wide = wide.merge(part, "left", keys, validate="one_to_one")
    return wide
