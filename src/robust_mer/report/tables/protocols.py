"""Scores under each protocol of the tests."""

from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import DRAWN, SAME
from robust_mer.report.drawn import drawn_rows
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, Results, TableSpec
from robust_mer.report.table import Table
from robust_mer.report.tables import lines
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import tables as words

if TYPE_CHECKING:
    import pandas as pd


class ProtocolsTable(ResultTable):
    """A line per model and training, a group of columns per protocol; a table for each family.

    Models that were trained under the protocol of each test share the line ``same``; a model that
    serves all protocols has a line of its own.
    """

    title = words.TITLE_PROTOCOLS
    section = "conditions"
    reads = ("summary",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether tests draw conditions by protocols."""
        return bool(experiment.tested_under) and experiment.has_corruptions

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """The rows of protocols."""
        from robust_mer.evaluation.summary import read_summary

        summary = read_summary(files.path("summary"))
        return summary[summary["kind"] == DRAWN]

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """A table per corruption and family; protocols without a family share one."""
        shown = drawn_rows(spec.experiment, data)
        groups = shown.groupby(["tested_on", "family"], sort=False)
        return [_table(spec.experiment, str(name), rows) for (name, _), rows in groups]


def _table(experiment: Experiment, tested_on: str, rows: "pd.DataFrame") -> Table:
    protocols = [name for name in experiment.tested_under if name in set(rows["condition"])]
    labels, heads = [words.MODEL, words.TRAINED_ON], lines.heads(experiment, protocols)
    laid = lines.lay_out(experiment, rows, ["training"], "condition", protocols)
    is_long = lines.has_many_measures(experiment)
    if is_long:
        labels, heads = [*labels, words.PROTOCOL], lines.heads(experiment)
        laid = lines.lay_out(experiment, rows, ["training", "condition"])
    about = words.about_protocols(corruption_title(experiment, tested_on))
    notes = [words.note_protocols(len(experiment.modalities))]
    if SAME in set(rows["training"]):
        notes.append(words.NOTE_SAME_PROTOCOL)
    return Table(
        words.caption(experiment.name, experiment.corpus, about),
        labels,
        heads,
        [list(laid)],
        [*notes, *lines.notes(experiment, rows.assign(training=""))],
        None if is_long else lines.GROUPS_ABREAST,
    )
