"""How far the orders of the models under different protocols agree."""

from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.tables.rankings import (
    RANKING,
    compares_rankings,
    ranking_title,
    read_rankings,
)
from robust_mer.report.words import figures as words


class Agreement(PictureFigure):
    """A matrix of Kendall's tau between the rankings of the models."""

    title = words.TITLE_AGREEMENT
    reads = ("rankings",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether three models or more are ranked by several protocols."""
        return compares_rankings(experiment)

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the pairs of rankings."""
        import pandas as pd

        from robust_mer.report.figures.heat_map import HeatMaps

        experiment, pairs = spec.experiment, read_rankings(files)
        one, other = (
            [ranking_title(experiment, *key) for key in pairs[columns].itertuples(index=False)]
            for columns in (RANKING, [f"other_{name}" for name in RANKING])
        )
        pairs = pairs[["tau", "low", "high"]]
        cells = pd.concat(
            [pairs.assign(row=one, column=other), pairs.assign(row=other, column=one)]
        )
        cells = cells.drop_duplicates(["row", "column"], ignore_index=True)
        order = list(dict.fromkeys([*one, *other]))
        cells = cells.assign(
            panel=0, series="", value=cells["tau"], place=cells["row"].map(order.index)
        )
        cells = cells.sort_values("place", kind="stable", ignore_index=True)
        names = {"row": words.RANKING, "column": words.OTHER_RANKING, "value": words.TAU}
        names |= {"low": words.LOW, "high": words.HIGH}
        shown = ["panel", "row", "column", "value", "series", "low", "high"]
        return HeatMaps(cells[shown], order, {0: ""}, 1, -1.0, 1.0, names, {"": 0})

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What a cell is."""
        return words.about_agreement(spec.experiment.main.title)
