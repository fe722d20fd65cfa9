"""Which differences between models are more than chance."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import CONFIDENCE, REPLICATES
from robust_mer.report.spec import Results, TableSpec
from robust_mer.report.table import Table, of_frame
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import tables as words

if TYPE_CHECKING:
    import pandas as pd

_KEYS = ["tested_on", "condition", "model", "trained_on", "other", "other_trained_on"]


@dataclass(frozen=True)
class _Compared:
    comparisons: "pd.DataFrame"
    test_to_train: float


class ComparisonsTable(ResultTable):
    """A line per pair of models, with all measures."""

    title = words.TITLE_COMPARISONS
    reads = ("comparisons", "folds")
    writes = ("md",)

    def read(self, spec: TableSpec, files: Results) -> _Compared:
        """The comparisons, and the sizes of test parts relative to training parts."""
        from robust_mer.evaluation.answers import read_test_to_train
        from robust_mer.evaluation.summary import read_statistics

        return _Compared(
            read_statistics(files.path("comparisons")),
            read_test_to_train(files.path("folds"), spec.experiment.folds),
        )

    def rows(self, spec: TableSpec, data: _Compared) -> "pd.DataFrame":
        """The comparisons."""
        return data.comparisons

    def tables(self, spec: TableSpec, data: _Compared) -> list[Table]:
        """One table."""
        experiment, comparisons = spec.experiment, data.comparisons
        lines = comparisons[_KEYS].drop_duplicates(ignore_index=True)
        for metric in experiment.measures:
            of_metric = comparisons[comparisons["measure"] == metric.name]
            pairs = lines.merge(of_metric, on=_KEYS, how="left")
            lines[metric.title] = [
                f"{row.difference:+.4f} ({row.low:+.4f} to {row.high:+.4f})"
                for row in pairs.itertuples()
            ]
            for head, column in ((words.P, "p"), (words.HOLM, "p_holm")):
                lines[f"{metric.title} {head}"] = pairs[column].map(_p)
        notes = words.notes_comparisons(
            confidence=f"{CONFIDENCE:.0%}",
            replicates=REPLICATES,
            folds=len(experiment.folds),
            test_to_train=f"{data.test_to_train:.3f}",
            clear=int((comparisons["p_holm"] < 1 - CONFIDENCE).sum()),
            tests=int(comparisons["p_holm"].notna().sum()),
            level=f"{1 - CONFIDENCE:.2f}",
        )
        caption = words.caption(experiment.name, experiment.corpus, words.ABOUT_COMPARISONS)
        return [of_frame(caption, lines, [*notes, *filter(None, [experiment.note])])]


def _p(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3g}"
