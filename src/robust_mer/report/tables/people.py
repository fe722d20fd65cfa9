"""How well people do what the models do, on the same clips."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from robust_mer.conditions import CLEAN
from robust_mer.evaluation.experiment import COMPLETE
from robust_mer.report.cells import mean_sd
from robust_mer.report.names import marked
from robust_mer.report.spec import Experiment, Facts, Results, TableSpec
from robust_mer.report.table import Line, Table
from robust_mer.report.tables import lines
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import people as words
from robust_mer.report.words.tables import MODEL, TRAINED_ON, caption
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd

_LABEL = ("label",)


class PeopleTable(ResultTable):
    """A line per group of people and per model, of clean test data."""

    title = words.TITLE
    section = "average"
    reads = ("summary", "utterances", "folds")
    uses = ("data",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether people answered, and models are tested on clean data."""
        is_clean = any(one.tested_on == CLEAN for one in experiment.evaluations)
        return bool(facts.data.answers) and is_clean and experiment.predicts.columns == _LABEL

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """``who, training, utterances``, and mean and sd of each measure."""
        import pandas as pd

        from robust_mer.evaluation.summary import read_summary
        from robust_mer.table import read_table

        index, folds = read_table(files.path("utterances")), read_table(files.path("folds"))
        test = folds[folds["part"] == "test"].merge(index, on="utterance")
        test = test[test["fold"].isin(list(map(str, spec.experiment.folds)))]
        summary = read_summary(files.path("summary"))
        is_shown = (summary["tested_on"] == CLEAN) & (summary["kind"] == COMPLETE)
        models = summary[is_shown].rename(columns={"model": "who"})
        people = pd.DataFrame(_people(spec, test, sorted(set(index["label"]))))
        columns = ["who", "training", "utterances"]
        for metric in spec.experiment.measures:
            columns += [f"{metric.name}_mean", f"{metric.name}_sd"]
        return pd.concat([people, models], ignore_index=True).reindex(columns=columns)

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """One table."""
        experiment = spec.experiment
        measures = [metric.name for metric in experiment.measures]
        body = [
            Line(
                [
                    marked(experiment, row["who"]),
                    row["training"],
                    *(mean_sd(row[f"{name}_mean"], row[f"{name}_sd"]) for name in measures),
                ]
            )
            for row in records(data)
        ]
        return [
            Table(
                caption(experiment.name, experiment.corpus, words.ABOUT),
                [MODEL, TRAINED_ON],
                lines.heads(experiment),
                [body],
                [words.NOTE, *filter(None, [experiment.note])],
            )
        ]


def _people(spec: TableSpec, test: "pd.DataFrame", classes: list[str]) -> Iterator[dict[str, Any]]:
    """A row per group of people that answered, of the test parts of the folds."""
    place = {name: number for number, name in enumerate(classes)}
    for met, column in spec.facts.data.answers.items():
        answered = test[test[column] != ""]
        if answered.empty:
            continue
        target = answered["label"].map(place).to_numpy()
        answer = answered[column].map(place).fillna(-1).astype(int).to_numpy()
        row = {
            "who": words.people(met),
            "training": "",
            "utterances": answered["utterance"].nunique(),
        }
        for metric in spec.experiment.measures:
            scores = [
                metric.of(target[is_of_fold], answer[is_of_fold])
                for fold in answered["fold"].unique()
                for is_of_fold in [(answered["fold"] == fold).to_numpy()]
            ]
            row[f"{metric.name}_mean"] = np.mean(scores)
            row[f"{metric.name}_sd"] = np.std(scores, ddof=1) if len(scores) > 1 else np.nan
        yield row
