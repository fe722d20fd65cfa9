"""How far the orders of the models under different protocols agree."""

from typing import TYPE_CHECKING

from robust_mer.conditions import NONE, PARTIAL
from robust_mer.evaluation.experiment import SAME
from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.tables.rankings import compares_rankings, read_rankings
from robust_mer.report.words import figures as words
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd


class Agreement(PictureFigure):
    """A matrix of Kendall's tau between the rankings under two protocols, a panel per training.

    In the first panel models were trained under the protocol of each test; in the others, all on
    the same.
    """

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
        order = _tests(experiment, pairs)
        trainings = sorted(set(pairs["training"]), key=lambda name: (name != SAME, name))
        panels = [_cells(experiment, pairs, training, order) for training in trainings]
        cells = pd.concat([one.assign(panel=place) for place, one in enumerate(panels)])
        titles = [
            words.TRAINED_UNDER_EACH if name == SAME else words.trained_on_title(name)
            for name in trainings
        ]
        names = {"row": words.TESTED_ON, "column": words.AND_UNDER, "value": words.TAU}
        return HeatMaps(
            cells.assign(series="")[["panel", "row", "column", "value", "series", "low", "high"]],
            list(order.values()),
            dict(enumerate(titles)),
            1,
            -1.0,
            1.0,
            names | {"low": words.LOW, "high": words.HIGH},
            {"": 0},
        )

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What a cell is."""
        return words.about_agreement(spec.experiment.main.title)


def _tests(experiment: Experiment, pairs: "pd.DataFrame") -> dict[tuple[str, str], str]:
    """Titles of the tests by corruption and protocol, in their order."""
    corruptions = list(dict.fromkeys([*pairs["tested_on"], *pairs["other_tested_on"]]))
    protocols = [PARTIAL, NONE, *experiment.tested_under]
    return {
        (corruption, protocol): ", ".join(
            [*[corruption_title(experiment, corruption)] * (len(corruptions) > 1), protocol]
        )
        for corruption in corruptions
        for protocol in protocols
    }


def _cells(
    experiment: Experiment,
    pairs: "pd.DataFrame",
    training: str,
    order: dict[tuple[str, str], str],
) -> "pd.DataFrame":
    """Pairs of tests of models with one training, in both orders; also under its own protocol."""
    import pandas as pd

    trained = tuple(experiment.trained_on(training))
    rows = []
    for row in records(pairs):
        tests = [(row[f"{start}tested_on"], row[f"{start}protocol"]) for start in ("", "other_")]
        trainings = [row["training"], row["other_training"]]
        if all(
            name == training or (name == SAME and test == trained)
            for name, test in zip(trainings, tests, strict=True)
        ):
            one, other = (order[test] for test in tests)
            figures = {"value": row["tau"], "low": row["low"], "high": row["high"]}
            rows.append({"row": one, "column": other, **figures})
            if one != other:
                rows.append({"row": other, "column": one, **figures})
    places = {title: place for place, title in enumerate(order.values())}
    table = pd.DataFrame(rows)
    return table.sort_values(by=["row", "column"], key=lambda some: some.map(places))
