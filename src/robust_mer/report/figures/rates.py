"""All measures against the rate at which modalities are missing."""

from robust_mer.evaluation.experiment import SAME, Experiment
from robust_mer.report.drawn import has_rates, rate_rows
from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.names import corruption_title, line_name, marked
from robust_mer.report.spec import Facts, FigureSpec, Results
from robust_mer.report.words import figures as words


class Rates(PictureFigure):
    """A row of panels per corruption and family of protocols, a column per measure.

    A solid line is a model that was trained at each rate; the others are one model for all rates.
    """

    title = words.TITLE_RATES
    reads = ("summary",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether a family of protocols has three rates."""
        return has_rates(experiment)

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the summary."""
        from robust_mer.evaluation.summary import read_summary
        from robust_mer.report.figures.curves import Curves
        from robust_mer.report.figures.lines import models_of, series_of
        from robust_mer.report.figures.panels import Panels, spread

        experiment = spec.experiment
        rows = rate_rows(experiment, read_summary(files.path("summary")))
        models = models_of(experiment)
        trainings = sorted(dict.fromkeys(rows["training"]), key=lambda name: name != SAME)
        pairs = list(zip(rows["model"], rows["training"], strict=True))
        rows = rows.assign(
            line=[line_name(experiment, *pair) for pair in pairs],
            series=[marked(experiment, model) for model, _ in pairs],
            place=[models.index(model) for model, _ in pairs],
            dash=[trainings.index(training) for _, training in pairs],
            is_alone=False,
            x=rows["rate"],
        )
        panels = []
        for (tested_on, family), some in rows.groupby(["tested_on", "family"], sort=False):
            title = f"{corruption_title(experiment, str(tested_on))}, {family}"
            for measure in experiment.measures:
                points = some.assign(y=some[f"{measure.name}_mean"], sd=some[f"{measure.name}_sd"])
                points = points[["line", "series", "place", "dash", "is_alone", "x", "y", "sd"]]
                chance = some[f"{measure.name}_chance"].mean()
                panels.append(
                    Curves(
                        title,
                        points,
                        words.RATE,
                        measure.title,
                        rules={words.CHANCE: chance},
                        span=spread(points, chance),
                    )
                )
        names = {"line": words.MODEL, "x": "", "y": "", "sd": words.SD}
        return Panels(panels, len(experiment.measures), series_of(experiment), names)

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What lines and bands are."""
        return words.ABOUT_RATES
