"""Every condition, laid out as in NMER's Table 3."""

from typing import TYPE_CHECKING

from robust_mer.conditions import PARTIAL
from robust_mer.report.cells import amount
from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Results, TableSpec
from robust_mer.report.table import Table
from robust_mer.report.tables import lines
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import tables as words
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd


class ConditionsTable(ResultTable):
    """A line per model and corruption, a group of columns per condition."""

    title = words.TITLE_CONDITIONS
    section = "conditions"
    reads = ("summary",)

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """The summary."""
        from robust_mer.evaluation.summary import read_summary

        return read_summary(files.path("summary"))

    def rows(self, spec: TableSpec, data: "pd.DataFrame") -> "pd.DataFrame":
        """Those of corrupted data."""
        from robust_mer.evaluation.order import conditions_rows

        return conditions_rows(data)

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """One table."""
        return [_table(spec.experiment, self.rows(spec, data), data)]

    def latex_tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """One table per model, because a page holds the lines of one model."""
        of_models = self.rows(spec, data).groupby("model", sort=False)
        return [_table(spec.experiment, rows, rows) for _, rows in of_models]


def _table(experiment: Experiment, rows: "pd.DataFrame", summary: "pd.DataFrame") -> Table:
    from robust_mer.evaluation.order import JOINT, partial_conditions

    has_snr = rows["snr_db"].notna()
    titles = rows["tested_on"].map(lambda name: corruption_title(experiment, name))
    by_row = records(rows)
    rows = rows.assign(
        noise=rows["noise"].where(has_snr, titles),
        snr=rows["snr_db"].map(amount),
        column=rows["condition"].where(rows["kind"] == PARTIAL, rows["kind"]),
        **{kind: [lines.by_modality(row, kind) for row in by_row] for kind in words.SNRS},
    )
    shown = [kind for kind in words.SNRS if rows[kind].any()]
    models = list(rows["model"].unique())
    about = words.ABOUT_CONDITIONS
    present = set(rows["column"])
    columns = [name for name in [*partial_conditions(summary), *JOINT] if name in present]
    labels = ["training", "noise", "snr", *shown]
    names = [words.CONDITIONS.get(name, name) for name in columns]
    heads = lines.heads(experiment, names)
    laid = lines.lay_out(experiment, rows, labels, "column", columns)
    is_long = lines.has_many_measures(experiment)
    if is_long:
        place = rows["column"].map(dict(zip(columns, names, strict=True)))
        rows, heads = rows.assign(column=place), lines.heads(experiment)
        laid = lines.lay_out(experiment, rows, [*labels, "column"])
    return Table(
        words.caption(
            experiment.name,
            experiment.corpus,
            words.of_model(about, models[0]) if len(models) == 1 else about,
        ),
        [
            words.MODEL,
            words.TRAINED_ON,
            words.NOISE,
            words.SNR,
            *(words.SNRS[kind] for kind in shown),
            *[words.CONDITION] * is_long,
        ],
        heads,
        [list(laid)],
        [
            words.NOTE_CONDITIONS,
            *lines.average_notes(experiment, summary),
            *([words.NOTE_SNR] if shown else []),
            *lines.notes(experiment, rows),
        ],
        None if is_long else lines.GROUPS_ABREAST,
    )
