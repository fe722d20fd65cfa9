"""The main measure of every model in every condition, as colours."""

from robust_mer.conditions import CLEAN, NONE, PARTIAL
from robust_mer.evaluation.experiment import COMPLETE
from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words


class Conditions(PictureFigure):
    """A panel per corruption with a row per model and a column per condition."""

    title = words.TITLE_CONDITIONS_FIGURE
    reads = ("summary",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether models are tested on corrupted data."""
        return experiment.has_corruptions

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the summary."""
        from robust_mer.evaluation.order import partial_conditions
        from robust_mer.evaluation.summary import read_summary
        from robust_mer.report.figures.heat_map import HeatMaps, score_range
        from robust_mer.report.figures.lines import named, series_of

        experiment = spec.experiment
        rows = read_summary(files.path("summary"))
        rows = rows[rows["kind"].isin([NONE, PARTIAL, COMPLETE]) & (rows["tested_on"] != CLEAN)]
        corruptions = list(rows["tested_on"].unique())
        partial = partial_conditions(rows)
        complete = rows.loc[rows["kind"] == COMPLETE, "condition"].unique()
        cells = named(experiment, rows).rename(
            columns={
                "line": "row",
                "condition": "column",
                f"{experiment.main.name}_mean": "value",
                f"{experiment.main.name}_sd": "sd",
            }
        )
        cells["panel"] = cells["tested_on"].map(corruptions.index)
        return HeatMaps(
            cells[["panel", "row", "column", "value", "sd", "series"]],
            list(dict.fromkeys([NONE, *partial, *complete])),
            {n: corruption_title(experiment, name) for n, name in enumerate(corruptions)},
            2,
            *score_range(rows, experiment.main.name),
            {
                "row": words.MODEL,
                "column": words.CONDITION,
                "value": experiment.main.title,
                "sd": words.SD,
            },
            series_of(experiment),
        )

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What letters and numbers mean."""
        return words.about_conditions(spec.experiment.main.title)
