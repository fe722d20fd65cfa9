"""How training went: loss and the main measure on validation data by epoch."""

from typing import TYPE_CHECKING, Any

from robust_mer.evaluation.experiment import Experiment, Training
from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.names import corruption_title, marked
from robust_mer.report.spec import Facts, FigureSpec, Results
from robust_mer.report.words import figures as words

if TYPE_CHECKING:
    import pandas as pd

_SHARE = "latent_share"  # of z in the joint representation, in the history of a model that has both


class Learning(PictureFigure):
    """The training loss (its scale is the model's own) and the main measure on validation data.

    A row of panels per corruption that models were trained on, a line per model: the mean over its
    replicas, and a band of ± one standard deviation. If a model has a latent, a third panel shows
    the share of the joint representation's variance that comes from it.
    """

    title = words.TITLE_LEARNING
    reads = ("histories",)
    uses = ("learning",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether a model learns in epochs."""
        return bool(facts.learning)

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the histories of the replicas."""
        from robust_mer.report.figures.curves import Curves
        from robust_mer.report.figures.lines import series_of
        from robust_mer.report.figures.panels import Panels

        experiment = spec.experiment
        rows = _means(experiment, spec.facts.learning, files)
        main = f"validation_{experiment.main.name}"
        axes = {"loss": words.TRAINING_LOSS, main: words.validation_axis(experiment.main.title)}
        shares = rows.dropna(subset=[_SHARE]) if _SHARE in rows else rows.iloc[:0]
        shown = [(rows, axes), (shares, {_SHARE: words.LATENT_SHARE})]
        panels = [
            Curves(
                words.trained_on_title(corruption_title(experiment, str(name))),
                some.assign(y=some[value], sd=some[f"{value}_sd"]),
                words.EPOCH,
                axis,
                log_y=value == "loss",
            )
            for part, columns in shown
            for name, some in part.groupby("trained_on", sort=False)
            for value, axis in columns.items()
        ]
        names = {"line": words.MODEL, "x": "", "y": "", "sd": words.SD}
        return Panels(panels, 2, series_of(experiment), names)

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What bands are."""
        return words.ABOUT_LEARNING


def _means(
    experiment: Experiment, learning: tuple[Training, ...], files: Results
) -> "pd.DataFrame":
    """Means and standard deviations of every training over its replicas, by epoch."""
    import pandas as pd

    of_each = len(experiment.folds) * len(experiment.seeds)
    if len(files.histories) != of_each * len(learning):
        raise ValueError(
            f"{len(files.histories)} histories of {len(learning)} trainings with "
            f"{of_each} replicas each"
        )
    columns = ["loss", f"validation_{experiment.main.name}", _SHARE]
    parts = []
    for place, training in enumerate(learning):
        paths = files.histories[place * of_each : (place + 1) * of_each]
        every = pd.concat([pd.read_csv(path) for path in paths])
        by_epoch = every.groupby("epoch")[[name for name in columns if name in every]]
        means = by_epoch.mean().join(by_epoch.std(ddof=1).add_suffix("_sd")).rename_axis("x")
        means = means.reset_index().astype({"x": float})
        parts.append(means.assign(trained_on=training.trained_on, **_line(experiment, training)))
    return pd.concat(parts, ignore_index=True)


def _line(experiment: Experiment, training: Training) -> dict[str, Any]:
    """A model as the line of a panel that says what it was trained on."""
    from robust_mer.report.figures.lines import models_of

    name = marked(experiment, training.model)
    place = models_of(experiment).index(training.model)
    return {"line": name, "series": name, "place": place, "dash": 0, "is_alone": False}
