"""Predictions of the test part, as figures and tables of errors count them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from robust_mer.conditions import counted_conditions, drawn_condition
from robust_mer.report.spec import Experiment, Results
from robust_mer.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def evaluations(experiment: Experiment, files: Results) -> "pd.DataFrame":
    """What figures say of every evaluation, with the ``path`` of its predictions, by line."""
    import pandas as pd

    from robust_mer.report.figures.lines import named

    keys = pd.DataFrame(experiment.evaluations, columns=["model", "trained_on", "tested_on"])
    return named(experiment, keys.assign(path=pd.Series(files.predictions, dtype=object)))


@dataclass(frozen=True)
class CountedRows:
    """Predictions of the conditions that count; see `robust_mer.conditions.counted_conditions`.

    Of an experiment's folds and seeds.
    """

    rows: "pd.DataFrame"
    """``utterance, fold, seed, condition`` [n]."""
    target: "np.ndarray"
    """As metrics take it [n, ...]."""
    predicted: "np.ndarray"
    """Likewise."""
    task: Task


def read_test_part(path: Path, trained_on: str, experiment: Experiment) -> CountedRows:
    """Read what counts in a file of predictions of a model that was trained on something."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from robust_mer.evaluation.summary import columns_of

    keys, task = ["utterance", "fold", "seed", "condition"], experiment.predicts
    table = pq.read_table(
        path,
        columns=[*keys, *task.answer_columns],
        filters=[
            ("part", "==", "test"),
            ("fold", "in", list(experiment.folds)),
            ("seed", "in", list(experiment.seeds)),
        ],
        partitioning=None,
    )
    names = pc.unique(table["condition"]).to_pylist()
    counted = sorted(counted_conditions(names, experiment.none_clean(trained_on)))
    table = table.filter(pc.field("condition").isin(counted))
    if experiment.one_condition_seed is not None and len(counted) > 1:
        seed = experiment.one_condition_seed
        names = [str(name) for name in table["utterance"].to_pylist()]
        drawn = {name: drawn_condition(counted, seed, "test", name) for name in set(names)}
        met = pa.array([drawn[name] for name in names])
        table = table.filter(pc.equal(table["condition"].cast(pa.string()), met))
    answers = columns_of(table, task.answer_columns)
    learnt = task.of_answers(answers)
    return CountedRows(table.select(keys).to_pandas(), *learnt.answers(answers), learnt)
