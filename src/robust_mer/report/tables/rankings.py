"""The order of the models under each protocol: does the winner depend on it?"""

import math
from typing import TYPE_CHECKING, NamedTuple

from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, Results, TableSpec
from robust_mer.report.table import Line, Table
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import tables as words
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd

RANKING = ["tested_on", "protocol", "training"]
"""Columns that name a ranking."""
_STARTS = ("", "other_")
_FEWEST = 3

_Key = tuple[str, ...]


class _Pair(NamedTuple):
    """Another ranking, and Kendall's tau with it."""

    other: _Key
    tau: float
    low: float
    high: float


class RankingsTable(ResultTable):
    """A line per ranking: its best model, and how far it agrees with the other rankings."""

    title = words.TITLE_RANKINGS
    reads = ("rankings",)
    writes = ("md",)

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether three models or more are ranked by several protocols."""
        return compares_rankings(experiment)

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """The pairs of rankings."""
        return read_rankings(files)

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """One table."""
        experiment = spec.experiment
        best: dict[_Key, str] = {}
        others: dict[_Key, list[_Pair]] = {}
        for row in records(data):
            one, other = (tuple(row[f"{start}{key}"] for key in RANKING) for start in _STARTS)
            best |= {one: row["best"], other: row["other_best"]}
            if one != other:
                figures = row["tau"], row["low"], row["high"]
                others.setdefault(one, []).append(_Pair(other, *figures))
                others.setdefault(other, []).append(_Pair(one, *figures))
        body = [
            Line(
                [
                    ranking_title(experiment, *key),
                    winner,
                    words.of_all(
                        sum(best[pair.other] == winner for pair in others.get(key, [])),
                        len(others.get(key, [])),
                    ),
                    *_agreement(experiment, others.get(key, [])),
                ]
            )
            for key, winner in best.items()
        ]
        return [
            Table(
                words.caption(experiment.name, experiment.corpus, words.ABOUT_RANKINGS),
                words.RANKINGS,
                [],
                [body],
                [
                    words.note_rankings(experiment.main.title, len(experiment.models)),
                    words.note_runs(len(experiment.folds), len(experiment.seeds)),
                    *filter(None, [experiment.note]),
                ],
            )
        ]


def _agreement(experiment: Experiment, pairs: list[_Pair]) -> list[str]:
    """Mean tau with other rankings, the least with its interval, and which ranking that is with."""
    defined = [pair for pair in pairs if not math.isnan(pair.tau)]
    if not defined:
        return [""] * 3
    least = min(defined, key=lambda pair: pair.tau)
    return [
        f"{sum(pair.tau for pair in defined) / len(defined):.2f}",
        f"{least.tau:.2f} ({least.low:.2f} to {least.high:.2f})",
        ranking_title(experiment, *least.other),
    ]


def compares_rankings(experiment: Experiment) -> bool:
    """Whether three models or more are ranked under protocols of their own."""
    has_several = len(experiment.models) >= _FEWEST and bool(experiment.tested_under)
    return has_several and experiment.has_corruptions


def read_rankings(files: Results) -> "pd.DataFrame":
    """``{experiment}_rankings.csv``."""
    from robust_mer.table import read_numbers

    names = [*RANKING, "best"]
    return read_numbers(files.path("rankings"), [*names, *(f"other_{name}" for name in names)])


def ranking_title(experiment: Experiment, tested_on: str, protocol: str, training: str) -> str:
    """A ranking in words."""
    return words.ranking(corruption_title(experiment, tested_on), protocol, training)
