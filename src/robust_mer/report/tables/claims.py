"""The papers' claims beside our figures: cell by cell, and model by model."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from robust_mer.evaluation.experiment import MIN_SPEAKERS, Experiment
from robust_mer.report.layouts import PAPERS_ENCODING, SAMPLES, read_layouts, tables_of
from robust_mer.report.spec import Facts, Results, TableSpec
from robust_mer.report.table import Table, of_frame
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.tables.own_figures import QUANTITIES, read_figures
from robust_mer.report.tables.papers import PaperTable, lay_out, read_numbers, samples
from robust_mer.report.verdicts import (
    AGREES,
    CONTRADICTS,
    NOT_COMPARABLE,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    UNDECIDABLE,
    UNDECIDED,
)
from robust_mer.report.words import tables as words
from robust_mer.report.words.peeking import NOTE_SELECTS_ON_TEST, marked_paper
from robust_mer.table import groups, records

if TYPE_CHECKING:
    import pandas as pd

MAX_HALF_WIDTH = 0.03
"""Half the width beyond which an interval confirms nothing: in the paper's WA on IEMOCAP at -10 dB,
NMER and MEN are .048 apart, so a wider one would hold both."""

_ROUNDING = 0.00005  # published numbers have four decimals

_CELL = ["dataset", "table", "label", "head", "model", "measure"]
_MORE = ["class", "trained_on", "tested_on", "condition", *QUANTITIES, "selects_on_test"]
_KEYS = ["dataset", "table", "tested_on", "condition", "measure"]


@dataclass(frozen=True)
class _Claims:
    rows: "pd.DataFrame"
    speakers: int


class ClaimsTable(ResultTable):
    """A row per published number of the tables that the experiment has, ours and a `verdict`."""

    title = words.TITLE_CLAIMS
    reads = PaperTable.reads
    writes = ("csv", "md")

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether the papers predict such targets."""
        return experiment.predicts.encoding == PAPERS_ENCODING

    def read(self, spec: TableSpec, files: Results) -> _Claims:
        """The published numbers with ours beside them."""
        return _read_claims(spec.experiment, files)

    def rows(self, spec: TableSpec, data: _Claims) -> "pd.DataFrame":
        """All of them."""
        columns = [*_CELL, "published", "mean", "low", "high", "difference", "verdict"]
        return data.rows[columns]

    def tables(self, spec: TableSpec, data: _Claims) -> list[Table]:
        """How many cells of each verdict, then the cells."""
        import pandas as pd

        experiment, claims = spec.experiment, data.rows
        counts = pd.crosstab([claims["dataset"], claims["table"]], claims["verdict"])
        shown = claims[~claims["verdict"].isin([NOT_RUN])]
        cells = pd.DataFrame(
            {
                **{name: shown[name] for name in ("dataset", "table", "label", "head", "model")},
                "paper": [
                    marked_paper(f"{number:g}", is_biased)
                    for number, is_biased in zip(
                        shown["published"], shown["selects_on_test"], strict=True
                    )
                ],
                "ours": shown["mean"].map("{:.4g}".format),
                words.INTERVAL: [
                    "" if math.isnan(low) else f"{low:.4g} to {high:.4g}"
                    for low, high in zip(shown["low"], shown["high"], strict=True)
                ],
                "verdict": shown["verdict"],
            }
        )
        notes = words.notes_claims(f"{MAX_HALF_WIDTH:g}", MIN_SPEAKERS, data.speakers)
        if shown["selects_on_test"].any():
            notes.append(NOTE_SELECTS_ON_TEST)
        return [
            of_frame(
                words.claims_caption(experiment.name, experiment.corpus), counts.reset_index(), []
            ),
            of_frame(words.CLAIMS_CELLS, cells, [*notes, *filter(None, [experiment.note])]),
        ]


class OrderingsTable(ResultTable):
    """A row per published corpus and pair of models in what the papers compare."""

    title = words.TITLE_ORDERINGS
    reads = PaperTable.reads
    writes = ("csv", "md")

    @classmethod
    def applies(cls, experiment: Experiment, facts: Facts) -> bool:
        """Whether the papers predict such targets."""
        return experiment.predicts.encoding == PAPERS_ENCODING

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """See `orderings`."""
        from robust_mer.evaluation.summary import read_statistics

        claims = _read_claims(spec.experiment, files)
        comparisons = read_statistics(files.path("comparisons"))
        return orderings(claims.rows, comparisons, claims.speakers)

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """How many pairs agree with a paper, then those that do not."""
        import numpy as np
        import pandas as pd

        experiment, pairs = spec.experiment, data
        counts = pd.crosstab([pairs[key] for key in _KEYS], pairs["verdict"])
        counts = counts.reindex(columns=[AGREES, CONTRADICTS, UNDECIDED], fill_value=0)
        signs = np.sign(pairs["difference"]) == np.sign(pairs["published_difference"])
        counts.insert(0, "same sign", signs.groupby([pairs[key] for key in _KEYS]).sum())
        counts.insert(0, "pairs", pairs.groupby(_KEYS).size())
        against = pairs[pairs["verdict"] == CONTRADICTS]
        listed = pd.DataFrame(
            {
                **{key: against[key] for key in _KEYS},
                "pair": against["model"] + " − " + against["other"],
                "paper": against["published_difference"].map("{:+.4f}".format),
                "ours": against["difference"].map("{:+.4f}".format),
                words.INTERVAL: [
                    f"{low:+.4f} to {high:+.4f}"
                    for low, high in zip(against["low"], against["high"], strict=True)
                ],
                words.P_HOLM: against["p_holm"].map("{:.3g}".format),
            }
        )
        notes = [words.NOTE_ORDERINGS, *filter(None, [experiment.note])]
        caption = words.orderings_caption(experiment.name, experiment.corpus)
        return [
            of_frame(caption, counts.reset_index(), notes),
            of_frame(words.ORDERINGS_CELLS, listed, []),
        ]


def verdict(published: float, figure: Mapping[str, float], comparable: bool, speakers: int) -> str:
    """Whether a published number is reproduced.

    `NOT_RUN`: there is no figure of ours. `NOT_COMPARABLE`: it is of another corpus. `UNDECIDABLE`:
    the interval rests on fewer than `MIN_SPEAKERS`. `NOT_REPRODUCED`: the published number lies
    outside of the interval. `REPRODUCED`: it lies inside, and half the interval's width is at most
    `MAX_HALF_WIDTH`; else `UNDECIDABLE`.

    Args:
        published: The paper's number.
        figure: Ours, ``mean, low, high``.
        comparable: Whether both are of one corpus.
        speakers: How many the interval rests on.
    """
    if math.isnan(figure["mean"]):
        return NOT_RUN
    if not comparable:
        return NOT_COMPARABLE
    if speakers < MIN_SPEAKERS or math.isnan(figure["low"]):
        return UNDECIDABLE
    if not figure["low"] - _ROUNDING <= published <= figure["high"] + _ROUNDING:
        return NOT_REPRODUCED
    narrow = (figure["high"] - figure["low"]) / 2 <= MAX_HALF_WIDTH
    return REPRODUCED if narrow else UNDECIDABLE


def _read_claims(experiment: Experiment, files: Results) -> _Claims:
    import pandas as pd

    from robust_mer.evaluation.summary import read_statistics

    tables = list(_cells(experiment, files))
    cells = pd.concat(tables) if tables else pd.DataFrame(columns=[*_CELL, *_MORE])
    speakers = int(read_statistics(files.path("intervals"))["speakers"].iloc[0])
    claims = cells[cells["published"].notna()]
    claims = claims.assign(
        verdict=[
            _of_sizes(row)
            if row["class"] == ""
            else verdict(row["published"], row, row["dataset"] == experiment.published, speakers)
            for row in records(claims)
        ]
    )
    claims["head"] = claims["head"].map(" / ".join)
    return _Claims(claims, speakers)


def _cells(experiment: Experiment, files: Results) -> Iterator["pd.DataFrame"]:
    """Yield each table of a paper, laid out for each of its published corpora."""
    path = files.path("layouts")
    layouts, figures = read_layouts(path), read_figures(experiment, files)
    for table in tables_of(layouts, experiment.models, experiment.evaluations):
        layout = layouts[table]
        numbers = read_numbers(layout, path.parent)
        for dataset in [] if numbers is None else numbers["corpus"].unique():
            if layout.get("kind") != SAMPLES:
                yield lay_out(layout, dataset, figures, numbers).assign(table=layout["paper"])
            elif dataset == experiment.published:
                utterances, folds = files.path("utterances"), files.path("folds")
                sizes = samples(layout, dataset, experiment.folds, utterances, folds, numbers)
                yield sizes.assign(table=layout["paper"])


def _of_sizes(row: Mapping[str, float]) -> str:
    return REPRODUCED if row["mean"] == row["published"] else NOT_REPRODUCED


def orderings(claims: "pd.DataFrame", comparisons: "pd.DataFrame", speakers: int) -> "pd.DataFrame":
    """Whether our models stand in the papers' order, pair by pair.

    Compared are cells of one table, corruption, condition and measure that differ in the model.
    Such an order may be compared between corpora, where the numbers may not.

    Args:
        claims: Published cells with ours beside them.
        comparisons: ``{name}_comparisons.csv``.
        speakers: How many the intervals rest on.

    Returns:
        A row per pair: ``dataset, table, tested_on, condition, measure``, ``model`` and ``other``,
        ``published_difference``, ours with its bootstrap interval ``low, high``, ``p_holm``, and
        ``verdict``: `AGREES` or `CONTRADICTS` where the interval does not hold 0 and rests on
        `MIN_SPEAKERS` or more, else `UNDECIDED`.
    """
    import numpy as np
    import pandas as pd

    ours: dict[tuple[Any, ...], tuple[float, float, float, float]] = {}
    for row in records(comparisons):
        key = row["tested_on"], row["condition"], row["measure"]
        one, other = (row["model"], row["trained_on"]), (row["other"], row["other_trained_on"])
        ours[*key, one, other] = (row["difference"], row["low"], row["high"], row["p_holm"])
        ours[*key, other, one] = (-row["difference"], -row["high"], -row["low"], row["p_holm"])
    rows = []
    models = claims[claims["model"] != ""]
    for setting, cells in groups(models, _KEYS):
        for cell, beside in combinations(records(cells), 2):
            pair = ((each["model"], each["trained_on"]) for each in (cell, beside))
            comparison = ours.get((*setting[2:], *pair))
            published = cell["published"] - beside["published"]
            if comparison is None or cell["class"] == beside["class"] or published == 0:
                continue
            difference, low, high, p_holm = comparison
            same = np.sign(difference) == np.sign(published)
            clear = (low > 0 or high < 0) and speakers >= MIN_SPEAKERS
            rows.append(
                {
                    **dict(zip(_KEYS, setting, strict=True)),
                    "model": cell["model"],
                    "other": beside["model"],
                    "published_difference": published,
                    "difference": difference,
                    "low": low,
                    "high": high,
                    "p_holm": p_holm,
                    "verdict": (AGREES if same else CONTRADICTS) if clear else UNDECIDED,
                }
            )
    columns = [
        *_KEYS,
        "model",
        "other",
        "published_difference",
        "difference",
        "low",
        "high",
        "p_holm",
        "verdict",
    ]
    return pd.DataFrame(rows, columns=columns)
