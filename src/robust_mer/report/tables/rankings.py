"""The order of the models under each protocol: does the winner depend on it?"""

from typing import TYPE_CHECKING

from robust_mer.report.names import corruption_title
from robust_mer.report.spec import Experiment, Facts, Results, TableSpec
from robust_mer.report.table import Line, Table
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.words import tables as words
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd

RANKING = ["tested_on", "protocol", "training"]
_FEWEST = 3


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
        other = {f"other_{key}": key for key in [*RANKING, "best"]}
        swapped = data.rename(columns={**{v: k for k, v in other.items()}, **other})
        is_self = (data[RANKING].to_numpy() == data[list(other)[:3]].to_numpy()).all(axis=1)
        both = _stacked(data[~is_self], swapped[~is_self])
        body = []
        for row in records(data[is_self]):
            key = [row[name] for name in RANKING]
            pairs = both[(both[RANKING] == key).all(axis=1)]
            least = pairs.loc[pairs["tau"].idxmin()] if pairs["tau"].notna().any() else None
            cells = ["", "", ""]
            if least is not None:
                title = ranking_title(experiment, *(least[f"other_{name}"] for name in RANKING))
                cells = [
                    f"{pairs['tau'].mean():.2f}",
                    f"{least['tau']:.2f} ({least['low']:.2f} to {least['high']:.2f})",
                    title,
                ]
            same = int((pairs["best"] == pairs["other_best"]).sum())
            body.append(
                Line(
                    [
                        ranking_title(experiment, *key),
                        row["best"],
                        words.of_all(same, len(pairs)),
                        *cells,
                    ]
                )
            )
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


def compares_rankings(experiment: Experiment) -> bool:
    """Whether three models or more are ranked under protocols of their own."""
    return len(experiment.models) >= _FEWEST and bool(experiment.tested_under)


def read_rankings(files: Results) -> "pd.DataFrame":
    """``{experiment}_rankings.csv``."""
    from robust_mer.table import read_numbers

    names = [*RANKING, "best"]
    return read_numbers(files.path("rankings"), [*names, *(f"other_{name}" for name in names)])


def ranking_title(experiment: Experiment, tested_on: str, protocol: str, training: str) -> str:
    """A ranking in words."""
    return words.ranking(corruption_title(experiment, tested_on), protocol, training)


def _stacked(*tables: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    return pd.concat(tables, ignore_index=True)
