"""How often prediction sets contain the true class, and how large they are."""

import math
from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import AVERAGE
from robust_mer.report.cells import span
from robust_mer.report.names import corruption_title, marked
from robust_mer.report.spec import Experiment, Facts, Results, TableSpec
from robust_mer.report.table import Line, Table
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import sets as words
from robust_mer.report.words import tables as shared
from robust_mer.table import groups, records
from robust_mer.tasks.task import ChoiceTask

if TYPE_CHECKING:
    import pandas as pd


class SetsTable(ResultTable):
    """A table per promise: a line per model and test, a group of columns per calibration."""

    title = words.TITLE_SETS
    reads = ("sets",)
    writes = ("md",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether models give probabilities of classes, of which one is true."""
        return isinstance(experiment.predicts, ChoiceTask)

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """The averages of the partial conditions, or what there is without them."""
        from robust_mer.evaluation.sets import read_sets

        table = read_sets(files.path("sets"))
        average = table["kind"] == AVERAGE
        keys = [table[key] for key in ("model", "trained_on", "tested_on")]
        return table[average | ~average.groupby(keys).transform("any")]

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """One table for each promise."""
        experiment = spec.experiment
        utterances = span(data["calibrated_on"], "{:.0f}")
        notes = words.notes_sets(data["promised"].iloc[0], utterances)
        return [
            Table(
                shared.caption(experiment.name, experiment.corpus, about),
                [shared.MODEL, shared.TRAINED_ON, shared.TESTED_ON, shared.CONDITION],
                [
                    (group, head)
                    for group in words.CALIBRATION.values()
                    for head in words.SETS.values()
                ],
                [_lines(experiment, data[data["promise"] == promise])],
                [*notes, *filter(None, [experiment.note])],
            )
            for promise, about in words.ABOUT_SETS.items()
        ]


def _lines(experiment: Experiment, rows: "pd.DataFrame") -> list[Line]:
    keys = ["model", "trained_on", "tested_on", "condition"]
    lines = []
    for (model, trained_on, tested_on, condition), some in groups(rows, keys):
        by_calibration = {row["calibration"]: row for row in records(some)}
        cells = [
            cell
            for calibration in words.CALIBRATION
            for cell in _cells(by_calibration.get(calibration, {}))
        ]
        title = corruption_title(experiment, tested_on)
        lines.append(Line([marked(experiment, model), trained_on, title, condition, *cells]))
    return lines


def _cells(row: "dict[str, float]") -> list[str]:
    if not row:
        return [""] * len(words.SETS)
    low, high = row["coverage_low"], row["coverage_high"]
    interval = "" if math.isnan(low) else f"{low:.3f} to {high:.3f}"
    texts = {"interval": interval, "size": f"{row['size']:.2f}"}
    return [texts.get(name) or f"{row[name]:.3f}" for name in words.SETS]
