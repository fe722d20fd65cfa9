"""The effect of hyperparameters that were changed one at a time, as in CM-ARR's Figure 4."""

from robust_mer.evaluation.experiment import AVERAGE
from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words


class Sweep(PictureFigure):
    """Every measure, averaged over the partial conditions, against each hyperparameter.

    A column of panels per hyperparameter, a line per corruption. Bands are ± one standard deviation
    over folds x seeds.
    """

    title = words.TITLE_SWEEP
    reads = ("summary",)
    uses = ("sweep",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether models differ in one hyperparameter."""
        return bool(facts.sweep)

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the summary."""
        from robust_mer.evaluation.summary import read_summary
        from robust_mer.report.figures.curves import Curves
        from robust_mer.report.figures.panels import Panels

        experiment, sweep = spec.experiment, spec.facts.sweep
        rows = read_summary(files.path("summary"))
        rows = rows[rows["kind"] == AVERAGE]
        names = [corruption_title(experiment, name) for name in rows["tested_on"]]
        series = {name: place for place, name in enumerate(dict.fromkeys(names))}
        rows = rows.assign(
            line=names, series=names, dash=0, is_alone=False, place=[series[n] for n in names]
        )
        panels = []
        for measure in experiment.measures:
            for name, values in sweep.items():
                some = rows[rows["model"].isin(values)]
                some = some.assign(
                    x=some["model"].map(values).astype(float),
                    y=some[f"{measure.name}_mean"],
                    sd=some[f"{measure.name}_sd"],
                )
                low, high = min(values.values()), max(values.values())
                is_log = low > 0 and high >= 10 * low
                panels.append(Curves("", some, name, measure.title, log_x=is_log))
        on_hover = {"model": words.MODEL, "line": words.TESTED_ON, "x": ""}
        on_hover |= {"y": "", "sd": words.SD}
        return Panels(panels, len(sweep), series, on_hover)

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What is changed, and from what."""
        sweep = spec.facts.sweep
        bases = sorted(set.intersection(*map(set, sweep.values())))
        return words.about_sweep(
            {base: {name: f"{values[base]:g}" for name, values in sweep.items()} for base in bases}
        )
