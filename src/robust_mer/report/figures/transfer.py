"""How models do on corruptions that they were not trained on."""

from robust_mer.conditions import CLEAN, NONE
from robust_mer.evaluation.experiment import AVERAGE, COMPLETE
from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words


class Transfer(PictureFigure):
    """A panel per model: what it was trained on against what it was tested on.

    The main measure is averaged over the partial conditions; tested on ``clean`` it is that of
    complete data.
    """

    title = words.TITLE_TRANSFER
    reads = ("summary",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether a model is tested on another corruption than it was trained on."""
        return any(
            one.tested_on not in (CLEAN, experiment.trained_on(one.trained_on).corruption)
            and one.trained_on != CLEAN
            for one in experiment.evaluations
        )

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the summary."""
        from robust_mer.evaluation.summary import read_summary
        from robust_mer.report.figures.heat_map import HeatMaps, score_range
        from robust_mer.report.figures.lines import named, series_of

        experiment, main = spec.experiment, spec.experiment.main
        rows = read_summary(files.path("summary"))
        clean = (rows["tested_on"] == CLEAN) & (rows["kind"] == COMPLETE)
        partial = ~rows["trained_on"].map(experiment.none_clean).astype(bool)
        averages = (rows["kind"] == AVERAGE) & partial
        if averages.any():
            rows = rows[averages | (clean & partial)]
        else:
            rows = rows[(rows["kind"] == NONE) | clean]
        tested_on = list(rows["tested_on"].unique())
        rows = named(experiment, rows)
        models = list(rows["model"].unique())
        cells = rows.assign(
            panel=rows["model"].map(models.index),
            row=[corruption_title(experiment, name) for name in rows["trained_on"]],
            column=[corruption_title(experiment, name) for name in rows["tested_on"]],
            value=rows[f"{main.name}_mean"],
            sd=rows[f"{main.name}_sd"],
        )
        return HeatMaps(
            cells[["panel", "row", "column", "value", "sd", "series"]],
            [corruption_title(experiment, name) for name in tested_on],
            dict(enumerate(dict.fromkeys(rows["series"]))),
            2,
            *score_range(rows, main.name),
            {
                "row": words.TRAINED_ON,
                "column": words.TESTED_ON,
                "value": main.title,
                "sd": words.SD,
            },
            series_of(experiment),
        )

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What rows and columns are."""
        return words.about_transfer(spec.experiment.main.title)
