"""The candidates of tuned models, and which of them were chosen."""

import math
from typing import TYPE_CHECKING

from robust_mer.report.cells import minus
from robust_mer.report.names import marked
from robust_mer.report.spec import Experiment, Facts, Results, TableSpec
from robust_mer.report.table import Line, Table
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import tuning as words
from robust_mer.report.words.tables import MODEL, TRAINED_ON, UNDEFINED, caption
from robust_mer.table import groups, read_numbers
from robust_mer.training.choose import CANDIDATE, CHOSEN
from robust_mer.training.spec import validation_column

if TYPE_CHECKING:
    import pandas as pd


class TuningTable(ResultTable):
    """A line per candidate: how often it was chosen, and what it reaches on validation data."""

    title = words.TITLE
    reads = ("candidates",)
    writes = ("csv", "md")
    uses = ("tuned",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether a model of the experiment is tuned."""
        return bool(facts.tuned)

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """A row per replica and candidate.

        ``model, trained_on, fold, seed``, the ``candidate``'s settings, the selection metric on the
        validation part, and ``chosen``.
        """
        import pandas as pd

        experiment, paths, tables = spec.experiment, iter(files.candidates), []
        column = validation_column(experiment.predicts.selection)
        for training in spec.facts.tuned:
            for fold in experiment.folds:
                for seed in experiment.seeds:
                    table = read_numbers(next(paths), [CANDIDATE])
                    names = [str(one) for one in table if one not in (CANDIDATE, CHOSEN, column)]
                    tuned = [
                        words.candidate(dict(zip(names, values, strict=True)))
                        for values in table[names].astype(str).itertuples(index=False, name=None)
                    ]
                    keys = {"model": training.model, "trained_on": training.trained_on}
                    tables.append(
                        pd.DataFrame(
                            {
                                **{key: [value] * len(table) for key, value in keys.items()},
                                "fold": fold,
                                "seed": seed,
                                CANDIDATE: tuned,
                                column: table[column],
                                CHOSEN: table[CHOSEN],
                            }
                        )
                    )
        return pd.concat(tables, ignore_index=True)

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """One table."""
        experiment = spec.experiment
        main = experiment.predicts.selection
        column = validation_column(main)
        lines = []
        for (model, trained_on, candidate), rows in groups(
            data, ["model", "trained_on", CANDIDATE]
        ):
            values = rows[column]
            lines.append(
                Line(
                    [
                        marked(experiment, model),
                        trained_on,
                        candidate,
                        words.share(int(rows[CHOSEN].sum()), len(rows)),
                        words.of_defined(_number(values.mean()), values.count(), len(values)),
                        _number(values.std(ddof=1)) if len(values) > 1 else "",
                    ]
                )
            )
        return [
            Table(
                caption(experiment.name, experiment.corpus, words.ABOUT),
                [MODEL, TRAINED_ON, words.CANDIDATE],
                [
                    (words.CHOSEN,),
                    (f"{words.VALIDATION} {main.title}", words.MEAN),
                    (f"{words.VALIDATION} {main.title}", words.SPREAD),
                ],
                [lines],
                [
                    words.note(main.title, len(experiment.folds), len(experiment.seeds)),
                    *filter(None, [experiment.note]),
                ],
            )
        ]


def _number(value: float) -> str:
    return UNDEFINED if math.isnan(value) else minus(f"{value:.4f}")
