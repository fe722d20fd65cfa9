"""Which classes models take for which."""

from pathlib import Path
from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import COMPLETE
from robust_mer.protocol import PARTIAL
from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words
from robust_mer.table import records
from robust_mer.task import Classification

if TYPE_CHECKING:
    import pandas as pd


class Confusion(PictureFigure):
    """A confusion matrix per model and corruption, as shares of the true class.

    All folds and seeds together, and all partial conditions (the complete one of clean data).
    """

    title = words.TITLE_CONFUSION
    reads = ("predictions",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether models predict classes."""
        return issubclass(experiment.kind, Classification)

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the predictions."""
        import pandas as pd

        from robust_mer.report.figures.heat_map import HeatMaps
        from robust_mer.report.figures.lines import series_of

        experiment = spec.experiment
        keys = evaluations(experiment, files)
        parts, titles = [], {}
        for panel, one in enumerate(records(keys)):
            titles[panel] = f"{one['line']}, {corruption_title(experiment, one['tested_on'])}"
            shares = _shares(one["path"], experiment)
            parts.append(shares.assign(panel=panel, series=one["series"]))
        cells = pd.concat(parts, ignore_index=True)
        return HeatMaps(
            cells,
            sorted(cells["column"].unique()),
            titles,
            min(4, keys["tested_on"].nunique()),
            0.0,
            1.0,
            {"row": words.TRUE, "column": words.PREDICTED, "value": words.FRACTION},
            series_of(experiment),
        )

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What rows and columns are."""
        return words.ABOUT_CONFUSION


def evaluations(experiment: Experiment, files: Results) -> "pd.DataFrame":
    """What figures say of every evaluation, with the ``path`` of its predictions, by line."""
    import pandas as pd

    from robust_mer.report.figures.lines import named

    keys = pd.DataFrame(experiment.evaluations, columns=["model", "trained_on", "tested_on"])
    return named(experiment, keys.assign(path=pd.Series(files.predictions, dtype=object)))


def read_test_part(path: Path, experiment: Experiment) -> "pd.DataFrame":
    """Predictions of the test part, of an experiment's folds and seeds, that a figure counts.

    Those of the partial conditions; of the complete one where there is no other. The class and the
    prediction are called ``label`` and ``predicted``.
    """
    import pandas as pd

    from robust_mer.evaluation.summary import kinds_of

    target, predicted = experiment.kind.answer_columns
    table = pd.read_parquet(
        path,
        columns=["utterance", "fold", "seed", "condition", target, predicted],
        filters=[
            ("part", "==", "test"),
            ("fold", "in", list(experiment.folds)),
            ("seed", "in", list(experiment.seeds)),
        ],
    )
    table = table.rename(columns={target: "label", predicted: "predicted"})
    kinds = kinds_of(table["condition"].unique())
    wanted = PARTIAL if PARTIAL in kinds.values() else COMPLETE
    return table[table["condition"].map(kinds) == wanted]


def _shares(path: Path, experiment: Experiment) -> "pd.DataFrame":
    import pandas as pd

    table = read_test_part(path, experiment)
    classes = sorted(set(table["label"]) | set(table["predicted"]))
    counts = pd.crosstab(table["label"], table["predicted"])
    counts = counts.reindex(index=pd.Index(classes, name="row"), columns=classes, fill_value=0)
    # A class that is only predicted has no shares: 0.
    shares = counts.div(counts.sum(axis=1), axis=0).fillna(0.0)
    return shares.melt(var_name="column", value_name="value", ignore_index=False).reset_index()
