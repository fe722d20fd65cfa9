"""The main measure of every model in every condition, as colours."""

from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import COMPLETE
from robust_mer.protocol import CLEAN, NONE, PARTIAL
from robust_mer.report.figures.base import ResultFigure
from robust_mer.report.names import corruption_title, line_name
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words
from robust_mer.table import groups

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Conditions(ResultFigure):
    """A panel per corruption with a row per model and a column per condition."""

    title = words.TITLE_CONDITIONS_FIGURE
    reads = ("summary",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether models are tested on corrupted data."""
        return experiment.has_corruptions

    def draw(self, spec: FigureSpec, files: Results) -> "Figure":
        """From the summary."""
        from robust_mer.evaluation.summary import read_summary

        rows = read_summary(files.path("summary"))
        kinds = [NONE, PARTIAL, COMPLETE]
        rows = rows[rows["kind"].isin(kinds) & (rows["tested_on"] != CLEAN)]
        return _figure(spec.experiment, rows)


def _figure(experiment: Experiment, rows: "pd.DataFrame") -> "Figure":
    from matplotlib.figure import Figure

    from robust_mer.report.figures.heat_map import draw_heat_map, score_range
    from robust_mer.report.figures.style import headline, runs

    main = experiment.main
    score = f"{main.name}_mean"
    panels = [(name, some) for (name,), some in groups(rows, ["tested_on"])]
    columns = min(2, len(panels))
    lines = max(len(some.groupby(["model", "training"])) for _, some in panels)
    deep = -(-len(panels) // columns)
    figure = Figure(
        figsize=(2.4 + 4.6 * columns, (0.32 * lines + 0.9) * deep + 0.9), layout="constrained"
    )
    title = words.headline_conditions(main.title, experiment.corpus, runs(experiment))
    figure.suptitle(headline(experiment, title, 60 * columns), x=0.01, ha="left", fontsize=11)
    low, high = score_range(rows, main.name)
    axes = figure.subplots(deep, columns, squeeze=False).ravel()
    for place, (tested_on, some) in enumerate(panels):
        names = some.drop_duplicates("condition").set_index("condition")["kind"]
        order = sorted(names.index, key=lambda name: (name != NONE, len(name)))
        table = some.pivot_table(
            index=["model", "training"], columns="condition", values=score, sort=False
        )[order]
        labels = [line_name(experiment, *line) for line in table.index]
        draw_heat_map(axes[place], table.to_numpy(), labels, order, low, high)
        axes[place].set_title(corruption_title(experiment, tested_on), loc="left", fontsize=11)
    for unused in axes[len(panels) :]:
        unused.set_visible(False)
    return figure
