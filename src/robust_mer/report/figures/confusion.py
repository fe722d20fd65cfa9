"""Which classes models take for which, and what numbers they give for which."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from robust_mer.report.counted import CountedRows, evaluations, read_test_part
from robust_mer.report.figures.base import Picture, PictureFigure
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, FigureSpec, Results
from robust_mer.report.words import figures as words
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd


class Confusion(PictureFigure):
    """What is predicted for each true class, or each interval of true numbers, as shares.

    A panel per model, corruption and target; all folds and seeds together, and all partial
    conditions (the complete one of clean data).
    """

    title = words.TITLE_CONFUSION
    reads = ("predictions",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether models give one class or number of several."""
        return experiment.predicts.encoding in words.ABOUT_CONFUSION

    def read(self, spec: FigureSpec, files: Results) -> Picture:
        """From the predictions."""
        import pandas as pd

        from robust_mer.report.figures.heat_map import HeatMaps
        from robust_mer.report.figures.lines import series_of

        experiment = spec.experiment
        keys = evaluations(experiment, files)
        parts: list[pd.DataFrame] = []
        titles = {}
        for one in records(keys):
            where = corruption_title(experiment, one["tested_on"])
            for target, shares in _shares(
                read_test_part(one["path"], one["trained_on"], experiment)
            ):
                titles[len(parts)] = words.confusion_panel(one["line"], where, target)
                parts.append(shares.assign(panel=len(parts), series=one["series"]))
        cells = pd.concat(parts, ignore_index=True)
        return HeatMaps(
            cells,
            list(dict.fromkeys(cells["column"])),
            titles,
            min(4, keys["tested_on"].nunique()),
            0.0,
            1.0,
            {"row": words.TRUE, "column": words.PREDICTED, "value": words.FRACTION},
            series_of(experiment),
        )

    def about(self, spec: FigureSpec, data: Picture) -> str:
        """What rows and columns are."""
        return words.ABOUT_CONFUSION[spec.experiment.predicts.encoding]


def _shares(part: CountedRows) -> Iterator[tuple[str, "pd.DataFrame"]]:
    """Yield each target's name, empty if there is but one, and the shares of its rows."""
    import numpy as np
    import pandas as pd

    for target, true, predicted, names in part.task.crossed(part.target, part.predicted):
        size = len(names)
        pairs = true.astype(int) * size + predicted
        counts = np.bincount(pairs, minlength=size**2).reshape(size, size)
        occurs = counts.any(axis=1)
        shares = counts[occurs] / counts[occurs].sum(axis=1, keepdims=True)
        rows = pd.Index(np.array(names)[occurs], name="row")
        matrix = pd.DataFrame(shares, rows, names)
        long = matrix.melt(var_name="column", value_name="value", ignore_index=False)
        yield target, long.reset_index()
