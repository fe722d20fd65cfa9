"""How models do on corruptions that they were not trained on."""

from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import AVERAGE, COMPLETE
from robust_mer.protocol import CLEAN
from robust_mer.report.figures.base import ResultFigure
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Transfer(ResultFigure):
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

    def draw(self, spec: FigureSpec, files: Results) -> "Figure":
        """From the summary."""
        from robust_mer.evaluation.summary import read_summary

        rows = read_summary(files.path("summary"))
        clean = (rows["tested_on"] == CLEAN) & (rows["kind"] == COMPLETE)
        partial = ~rows["trained_on"].map(spec.experiment.none_clean).astype(bool)
        return _figure(spec.experiment, rows[((rows["kind"] == AVERAGE) | clean) & partial])


def _figure(experiment: Experiment, rows: "pd.DataFrame") -> "Figure":
    from matplotlib.figure import Figure

    from robust_mer.report.figures.heat_map import draw_heat_map, score_range
    from robust_mer.report.figures.style import headline, runs

    main = experiment.main
    score = f"{main.name}_mean"
    tested_on = list(rows["tested_on"].unique())
    tables = {
        model: some.pivot_table(
            index="trained_on", columns="tested_on", values=score, sort=False
        ).reindex(columns=tested_on)
        for model, some in rows.groupby("model", sort=False)
    }
    heights = [len(table) for table in tables.values()]
    figure = Figure(
        figsize=(3.2 + 0.55 * len(tested_on), 0.34 * sum(heights) + 0.35 * len(tables) + 2.6),
        layout="constrained",
    )
    title = words.headline_transfer(main.title, experiment.corpus, runs(experiment))
    width = 30 + 8 * len(tested_on)
    figure.suptitle(headline(experiment, title, width), x=0.01, ha="left", fontsize=11)
    axes = figure.subplots(
        len(tables), 1, squeeze=False, sharex=True, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    low, high = score_range(rows, main.name)
    for panel, (model, table) in zip(axes, tables.items(), strict=True):
        labels = [corruption_title(experiment, name) for name in table.index]
        columns = [corruption_title(experiment, name) for name in tested_on]
        draw_heat_map(panel, table.to_numpy(), labels, columns, low, high)
        panel.set_title(model, loc="left", fontsize=11)
        panel.tick_params(labelbottom=panel is axes[-1])
    axes[-1].tick_params(axis="x", rotation=90)
    return figure
