"""Measures of each class, label or number apart."""

import math
from typing import TYPE_CHECKING

from robust_mer.report.names import corruption_title, marked
from robust_mer.report.spec import Experiment, Facts, Results, TableSpec
from robust_mer.report.table import Line, Table
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import tables as words
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd


def _number(value: float) -> str:
    """Four decimals; NaN of an undefined measure."""
    return words.UNDEFINED if math.isnan(value) else f"{value:.4f}"


class TargetsTable(ResultTable):
    """A line per model, corruption and class, label or number.

    All folds and seeds together, over the partial conditions (the complete one of clean data).
    """

    title = words.TITLE_TARGETS
    reads = ("predictions",)
    writes = ("csv", "md")

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether there is more than one."""
        return experiment.predicts.has_details

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """``model, training, tested_on, name, utterances`` and the task's measures."""
        import pandas as pd

        from robust_mer.report.counted import evaluations, read_test_part

        experiment, rows = spec.experiment, []
        for one in records(evaluations(experiment, files)):
            part = read_test_part(one["path"], one["trained_on"], experiment)
            keys = {key: one[key] for key in ("model", "training", "tested_on")}
            rows += [keys | row for row in part.task.details(part.target, part.predicted)]
        return pd.DataFrame(rows)

    def rows(self, spec: TableSpec, data: "pd.DataFrame") -> "pd.DataFrame":
        """All of them."""
        return data

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """One table."""
        experiment = spec.experiment
        measures = list(data.columns[list(data.columns).index("utterances") + 1 :])
        lines = [
            Line(
                [
                    marked(experiment, row["model"]),
                    row["training"],
                    corruption_title(experiment, row["tested_on"]),
                    row["name"],
                    str(row["utterances"]),
                    *(_number(row[measure]) for measure in measures),
                ]
            )
            for row in records(data)
        ]
        return [
            Table(
                words.caption(experiment.name, experiment.corpus, words.ABOUT_TARGETS),
                [words.MODEL, words.TRAINED_ON, words.TESTED_ON, words.TARGET],
                [(head,) for head in (words.ANSWERS, *measures)],
                [lines],
                [words.NOTE_TARGETS, *filter(None, [experiment.note])],
            )
        ]
