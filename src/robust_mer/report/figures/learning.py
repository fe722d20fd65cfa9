"""How training went: loss and the main measure on validation data by epoch."""

from itertools import cycle
from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import Training
from robust_mer.report.figures.base import ResultFigure
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_DASHES = ["-", "--", ":"]
_SHARE = "latent_share"  # of z in the joint representation, in the history of a model that has both


class Learning(ResultFigure):
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

    def draw(self, spec: FigureSpec, files: Results) -> "Figure":
        """From the histories of the replicas."""
        import pandas as pd

        experiment = spec.experiment
        of_each = len(experiment.folds) * len(experiment.seeds)
        if len(files.histories) != of_each * len(spec.facts.learning):
            raise ValueError(
                f"{len(files.histories)} histories of {len(spec.facts.learning)} trainings with "
                f"{of_each} replicas each"
            )
        means = {}
        for place, training in enumerate(spec.facts.learning):
            paths = files.histories[place * of_each : (place + 1) * of_each]
            every = pd.concat([pd.read_csv(path) for path in paths])
            columns = ["loss", f"validation_{experiment.main.name}", _SHARE]
            by_epoch = every.groupby("epoch")[[one for one in columns if one in every]]
            means[training] = by_epoch.mean().join(by_epoch.std(ddof=1).add_suffix("_sd"))
        return _figure(experiment, means)


def _figure(experiment: Experiment, means: "dict[Training, pd.DataFrame]") -> "Figure":
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import NullFormatter

    from robust_mer.report.figures.style import COLOURS, LineStyle, headline, runs

    validation = f"validation_{experiment.main.name}"
    models = list(dict.fromkeys(model for model, _ in means))
    styles: dict[str, LineStyle] = {
        model: {"color": colour, "linestyle": _DASHES[place // len(COLOURS)]}
        for place, (model, colour) in enumerate(zip(models, cycle(COLOURS)))
    }
    trained_on = list(dict.fromkeys(name for _, name in means))
    figure = Figure(figsize=(9, 2.9 * len(trained_on) + 1.5), layout="constrained")
    title = words.headline_learning(experiment.corpus, runs(experiment))
    figure.suptitle(headline(experiment, title), x=0.01, ha="left", fontsize=11)
    values = ["loss", validation]
    labels = [words.TRAINING_LOSS, words.validation_axis(experiment.main.title)]
    if any(_SHARE in table for table in means.values()):
        values, labels = [*values, _SHARE], [*labels, words.LATENT_SHARE]
    panels = figure.subplots(len(trained_on), len(values), squeeze=False, sharex=True)
    for name, row in zip(trained_on, panels, strict=True):
        for (model, other), table in means.items():
            if other != name:
                continue
            for axes, value in zip(row, values, strict=True):
                if value not in table:
                    continue
                mean, sd = table[value], table[f"{value}_sd"].fillna(0.0)
                axes.plot(table.index, mean, linewidth=1.4, **styles[model])
                axes.fill_between(
                    table.index,
                    mean - sd,
                    mean + sd,
                    color=styles[model]["color"],
                    alpha=0.12,
                    linewidth=0,
                )
        left = row[0]
        left.set_yscale("log")
        left.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        left.yaxis.set_minor_formatter(NullFormatter())
        left.set_title(
            words.trained_on_title(corruption_title(experiment, name)), loc="left", fontsize=11
        )
        for axes, label in zip(row, labels, strict=True):
            axes.set_ylabel(label)
            axes.grid(axis="y", color="0.9")
            axes.set_xlabel(words.EPOCH if name == trained_on[-1] else "")
    keys = [Line2D([], [], **style) for style in styles.values()]
    figure.legend(keys, models, loc="outside lower center", ncols=4, frameon=False)
    return figure
