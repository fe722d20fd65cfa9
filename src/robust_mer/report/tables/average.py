"""Means of the partial conditions, laid out as in NMER's Table 2."""

from typing import TYPE_CHECKING

from robust_mer.conditions import CLEAN
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Results, TableSpec
from robust_mer.report.table import Table
from robust_mer.report.tables import lines
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import tables as words

if TYPE_CHECKING:
    import pandas as pd


class AverageTable(ResultTable):
    """A line per model, a group of columns per corruption."""

    title = words.TITLE_AVERAGE
    section = "average"
    reads = ("summary",)

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """The summary."""
        from robust_mer.evaluation.summary import read_summary

        return read_summary(files.path("summary"))

    def rows(self, spec: TableSpec, data: "pd.DataFrame") -> "pd.DataFrame":
        """Averages, and the complete condition of clean data."""
        from robust_mer.evaluation.order import average_rows

        return average_rows(spec.experiment, data)

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """One table."""
        experiment = spec.experiment
        rows = self.rows(spec, data)
        columns = rows.drop_duplicates("tested_on")
        columns = columns.assign(
            corrupted=columns["tested_on"] != CLEAN,
            severity=columns["tested_on"].map(experiment.severity),
        ).sort_values(["corrupted", "noise", "severity"])
        tested_on = list(columns["tested_on"])
        titles = {name: corruption_title(experiment, name) for name in tested_on}
        labels, heads = [words.MODEL, words.TRAINED_ON], lines.heads(experiment, [*titles.values()])
        laid = lines.lay_out(experiment, rows, ["training"], "tested_on", tested_on)
        if lines.has_many_measures(experiment):
            labels, heads = [*labels, words.TESTED_ON], lines.heads(experiment)
            rows = rows.assign(title=rows["tested_on"].map(titles))
            laid = lines.lay_out(experiment, rows, ["training", "title"])
        return [
            Table(
                words.caption(experiment.name, experiment.corpus, words.ABOUT_AVERAGE),
                labels,
                heads,
                [list(laid)],
                [
                    *lines.average_notes(experiment, data),
                    words.NOTE_CLEAN,
                    *lines.snr_notes(experiment, columns),
                    *lines.notes(experiment, rows),
                ],
                None if lines.has_many_measures(experiment) else lines.GROUPS_ABREAST,
            )
        ]
