"""What corruptions of recordings amount to."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from robust_mer.report.cells import mean_sd, minus
from robust_mer.report.spec import Experiment, Facts, Results, TableSpec
from robust_mer.report.table import Line, Table
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.tables.lines import GROUPS_ABREAST, heads
from robust_mer.report.words import tables as words
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd


class RawTable(ResultTable):
    """A line per raw corruption and model: SNR at the embedding, equal noise, scores."""

    title = words.TITLE_RAW
    section = "raw"
    reads = ("calibration",)
    writes = ("md", "tex")

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether recordings were corrupted."""
        return experiment.has_raw

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """The calibration."""
        from robust_mer.evaluation.calibration import read_calibration

        return read_calibration(files.path("calibration"))

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """One table."""
        experiment, main = spec.experiment, spec.experiment.main
        complete = f"{main.name}_complete"
        ceilings = data.drop_duplicates(["model", "trained_on"]).dropna(subset=complete)
        return [
            Table(
                words.caption(experiment.name, experiment.corpus, words.ABOUT_RAW),
                [*words.RAW_LABELS, words.equal_noise(main.title)],
                heads(experiment, [words.RAW_GROUP]),
                [[_line(experiment, row) for row in records(data[data["is_raw"]])]],
                [
                    *words.notes_raw(
                        len(experiment.folds),
                        main.title,
                        [metric.title for metric in experiment.measures],
                    ),
                    *(
                        words.note_without_corruption(
                            row["model"], row["trained_on"], main.title, f"{row[complete]:.4f}"
                        )
                        for row in records(ceilings)
                    ),
                    *filter(None, [experiment.note]),
                ],
                GROUPS_ABREAST,
            )
        ]


def _line(experiment: Experiment, row: Mapping[str, Any]) -> Line:
    equals = ""
    if not math.isnan(row["equivalent_db"]):
        equals = f"{row['bound']} {_db(row['equivalent_db'])}".strip()
        beside = f"{row['bound']} {_db(row['equivalent_embedding_snr_db'])}".strip()
        equals += f" ({beside})"
    snr = _spread(row["embedding_snr_db_mean"], row["embedding_snr_db_sd"], "{:.1f}")
    scores = [
        _spread(row[f"{metric.name}_mean"], row[f"{metric.name}_sd"], "{:.4f}")
        for metric in experiment.measures
    ]
    setting = [row["model"], row["trained_on"]]
    return Line([row["corruption"], row["modality"], snr, *setting, equals, *scores])


def _db(value: float) -> str:
    return minus(f"{value:.1f}")


def _spread(mean: float, sd: float, form: str) -> str:
    """As `mean_sd`, but what is unknown is said to be so."""
    return form.format(mean) if math.isnan(mean) else minus(mean_sd(mean, sd, form))
