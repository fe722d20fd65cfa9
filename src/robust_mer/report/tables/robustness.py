"""Robustness over a range: one number for a whole curve."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from robust_mer.conditions import NONE
from robust_mer.report.cells import amount, mean_sd
from robust_mer.report.drawn import FEWEST_RATES, has_rates, rate_rows
from robust_mer.report.names import marked
from robust_mer.report.spec import Experiment, Facts, Results, TableSpec
from robust_mer.report.table import Line, Table
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import tables as words
from robust_mer.table import groups, records

if TYPE_CHECKING:
    import pandas as pd

_KEYS = ["tested_on", "family", "unit", "model", "training"]


class RobustnessTable(ResultTable):
    """A line per model, training and axis: a family of protocols, or the amounts of a corruption.

    Amounts are those of the average, and if something was trained with no modality clean, those of
    the condition ``none`` too.

    Of the main measure y over the axis x, from the mildest test x_0: ``area``, the mean of y by the
    trapezoid rule; ``relative``, area / y_0; ``effective``, how much less a model loses than the
    reference, (area - y_0) - (area - y_0 of the reference).
    """

    title = words.TITLE_ROBUSTNESS
    reads = ("summary",)
    writes = ("csv", "md")

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether there are three rates or amounts on an axis."""
        tested = {one.tested_on for one in experiment.evaluations}
        kinds = [experiment.facts(name).kind for name in tested if name in experiment.corruptions]
        return has_rates(experiment) or any(kinds.count(kind) >= FEWEST_RATES for kind in kinds)

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """``tested_on, family, unit, model, training, low, high`` and the three figures."""
        import pandas as pd

        from robust_mer.evaluation.summary import read_summary

        summary = read_summary(files.path("summary"))
        main = f"{spec.experiment.main.name}_mean"
        curves = _curves(spec.experiment, summary).dropna(subset=[main])
        rows = [_figures(keys, curve, main) for keys, curve in groups(curves, _KEYS)]
        table = pd.DataFrame([row for row in rows if row is not None])
        sign = 1 if spec.experiment.main.higher_is_better else -1
        return table.assign(effective=list(_effective(spec.experiment, table, sign)))

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """One table."""
        experiment = spec.experiment
        body = [
            Line(
                [
                    marked(experiment, row["model"]),
                    row["training"],
                    ", ".join(filter(None, [row["tested_on"], row["family"]])),
                    words.span(_end(row["low"]), _end(row["high"]), row["unit"]),
                    *(mean_sd(row[name]) for name in words.ROBUSTNESS),
                ]
            )
            for row in records(data)
        ]
        main = experiment.main.title
        return [
            Table(
                words.caption(experiment.name, experiment.corpus, words.ABOUT_ROBUSTNESS),
                [words.MODEL, words.TRAINED_ON, words.TESTED_ON, words.RANGE],
                [(head,) for head in words.ROBUSTNESS.values()],
                [body],
                [
                    words.note_robustness(main, _reference(experiment)),
                    words.note_runs(len(experiment.folds), len(experiment.seeds)),
                    *filter(None, [experiment.note]),
                ],
            )
        ]


def _end(value: float) -> str:
    """An end of the range; realised rates have many decimals."""
    return amount(round(value, 1))


def _reference(experiment: Experiment) -> str:
    """The experiment's first model."""
    return next(iter(experiment.models))


def _curves(experiment: Experiment, summary: "pd.DataFrame") -> "pd.DataFrame":
    """Rows with a place ``x`` on the axis ``tested_on, family, unit``; a higher one is harder."""
    import pandas as pd

    from robust_mer.evaluation.order import average_rows

    drawn = rate_rows(experiment, summary)
    drawn = drawn.assign(x=drawn["rate"], amount=drawn["rate"], unit="%")
    noisy = average_rows(experiment, summary).assign(family="")
    if any(experiment.none_clean(name) for name in summary["trained_on"].unique()):
        none = summary[summary["kind"] == NONE]
        noisy = pd.concat([noisy, none.assign(family=NONE)], ignore_index=True)
    noisy = noisy[noisy["tested_on"].isin(list(experiment.corruptions))]
    facts = [experiment.facts(name) for name in noisy["tested_on"]]
    noisy = noisy.assign(
        x=noisy["tested_on"].map(experiment.severity).astype(float),
        amount=[math.nan if one.amount is None else one.amount for one in facts],
        unit=[one.unit for one in facts],
        tested_on=[one.kind for one in facts],
    )
    return pd.concat([drawn, noisy], ignore_index=True)


def _figures(keys: tuple[Any, ...], curve: "pd.DataFrame", main: str) -> dict[str, Any] | None:
    curve = curve.sort_values("x")
    x, y = curve["x"].to_numpy(float), curve[main].to_numpy(float)
    if len(set(x)) < FEWEST_RATES:
        return None
    area = float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2) / (x[-1] - x[0]))
    ends = {"low": curve["amount"].iloc[0], "high": curve["amount"].iloc[-1]}
    relative = area / y[0] if y[0] > 0 else math.nan
    named = dict(zip(_KEYS, keys, strict=True))
    return {**named, **ends, "first": y[0], "area": area, "relative": relative}


def _effective(experiment: Experiment, table: "pd.DataFrame", sign: int) -> Iterator[float]:
    """How much less each line loses than the reference with the same training, or its only one."""
    losses: dict[tuple[str, ...], dict[str, float]] = {}
    rows = records(table)
    for row in rows:
        if row["model"] == _reference(experiment):
            axis = (row["tested_on"], row["family"], row["unit"])
            losses.setdefault(axis, {})[row["training"]] = row["area"] - row["first"]
    for row in rows:
        reference = losses.get((row["tested_on"], row["family"], row["unit"]), {})
        only = next(iter(reference.values())) if len(reference) == 1 else math.nan
        yield sign * (row["area"] - row["first"] - reference.get(row["training"], only))
