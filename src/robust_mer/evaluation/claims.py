"""The papers' claims beside our figures: cell by cell, and model by model."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from robust_mer.evaluation.grid import frame_markdown
from robust_mer.evaluation.layouts import SAMPLES, read_layouts
from robust_mer.evaluation.papers import QUANTITIES, lay_out, read_figures, read_numbers, samples
from robust_mer.evaluation.summary import read_statistics
from robust_mer.files import whole

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
UNDECIDABLE = "undecidable"
NOT_COMPARABLE = "not comparable"
NOT_RUN = "not run"

AGREES, CONTRADICTS, UNDECIDED = "agrees", "contradicts", "undecided"

MAX_HALF_WIDTH = 0.03
"""Half the width beyond which an interval confirms nothing: in the paper's WA on IEMOCAP at -10 dB,
NMER and MEN are .048 apart, so a wider one would hold both."""

MIN_SPEAKERS = 8
"""An interval that rests on fewer speakers is too narrow to decide anything."""

_ROUNDING = 0.00005  # published numbers have four decimals

_CELL = ["dataset", "table", "label", "head", "model", "measure"]
_MORE = ["class", "trained_on", "tested_on", "condition", *QUANTITIES]


def verdict(published: float, figure: dict, comparable: bool, speakers: int) -> str:
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
    if np.isnan(figure["mean"]):
        return NOT_RUN
    if not comparable:
        return NOT_COMPARABLE
    if speakers < MIN_SPEAKERS or np.isnan(figure["low"]):
        return UNDECIDABLE
    if not figure["low"] - _ROUNDING <= published <= figure["high"] + _ROUNDING:
        return NOT_REPRODUCED
    narrow = (figure["high"] - figure["low"]) / 2 <= MAX_HALF_WIDTH
    return REPRODUCED if narrow else UNDECIDABLE


def write_claims(
    experiment: dict,
    tables: list[str],
    results: dict[str, str | Path],
    layouts_yaml: str | Path,
    folder: str | Path,
) -> None:
    """Write ``{name}_claims`` and ``{name}_orderings``, each as csv and md.

    The first has a row per published number of some tables, ours and a `verdict`; the second one
    per published corpus and pair of models in what the papers compare, see `orderings`.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        tables: Names of layouts.
        results: See `robust_mer.evaluation.papers.write_paper_table`.
        layouts_yaml: ``resources/published/layouts.yaml``.
        folder: Where to write.
    """
    cells = list(_cells(experiment, tables, results, layouts_yaml))
    cells = pd.concat(cells) if cells else pd.DataFrame(columns=[*_CELL, *_MORE])
    speakers = int(read_statistics(results["intervals"])["speakers"].iloc[0])
    claims = cells[cells["published"].notna()]
    claims = claims.assign(
        verdict=[
            _of_sizes(row)
            if row["class"] == ""
            else verdict(
                row["published"], row, row["dataset"] == experiment.get("published"), speakers
            )
            for row in claims.to_dict("records")
        ]
    )
    claims["head"] = claims["head"].map(" / ".join)
    columns = [*_CELL, "published", "mean", "low", "high", "difference", "verdict"]
    pairs = orderings(claims, read_statistics(results["comparisons"]))
    for name, table, text in (
        ("claims", claims[columns], claims_markdown(experiment, claims, speakers)),
        ("orderings", pairs, orderings_markdown(experiment, pairs)),
    ):
        with whole(Path(folder) / f"{experiment['name']}_{name}.csv") as unfinished:
            table.to_csv(unfinished, index=False)
        with whole(Path(folder) / f"{experiment['name']}_{name}.md") as unfinished:
            unfinished.write_text(text, encoding="utf-8")


def _cells(
    experiment: dict, tables: list[str], results: dict, layouts_yaml: str | Path
) -> Iterator[pd.DataFrame]:
    """Yield each table laid out for each of its published corpora."""
    layouts, figures = read_layouts(layouts_yaml), read_figures(experiment, results)
    for table in tables:
        layout = layouts[table]
        numbers = read_numbers(layout, Path(layouts_yaml).parent)
        for dataset in [] if numbers is None else numbers["corpus"].unique():
            if layout.get("kind") != SAMPLES:
                yield lay_out(layout, dataset, figures, numbers).assign(table=layout["paper"])
            elif dataset == experiment.get("published"):
                files = results["utterances"], results["folds"]
                sizes = samples(layout, dataset, experiment["folds"], *files, numbers)
                yield sizes.assign(table=layout["paper"])


def _of_sizes(row: dict) -> str:
    return REPRODUCED if row["mean"] == row["published"] else NOT_REPRODUCED


def orderings(claims: pd.DataFrame, comparisons: pd.DataFrame) -> pd.DataFrame:
    """Whether our models stand in the papers' order, pair by pair.

    Compared are cells of one table, corruption, condition and measure that differ in the model.
    Such an order may be compared between corpora, where the numbers may not.

    Args:
        claims: Published cells with ours beside them.
        comparisons: ``{name}_comparisons.csv``.

    Returns:
        A row per pair: ``dataset, table, tested_on, condition, measure``, ``model`` and ``other``,
        ``published_difference``, ours with its bootstrap interval ``low, high``, ``p_holm``, and
        ``verdict``: `AGREES` or `CONTRADICTS` where the interval does not hold 0, else `UNDECIDED`.
    """
    ours = {}
    for row in comparisons.to_dict("records"):
        key = row["tested_on"], row["condition"], row["measure"]
        one, other = (row["model"], row["trained_on"]), (row["other"], row["other_trained_on"])
        ours[*key, one, other] = (row["difference"], row["low"], row["high"], row["p_holm"])
        ours[*key, other, one] = (-row["difference"], -row["high"], -row["low"], row["p_holm"])
    rows = []
    keys = ["dataset", "table", "tested_on", "condition", "measure"]
    models = claims[claims["model"] != ""]
    for key, cells in models.groupby(keys, sort=False):
        for one, other in combinations(cells.to_dict("records"), 2):
            pair = ((cell["model"], cell["trained_on"]) for cell in (one, other))
            found = ours.get((*key[2:], *pair))
            published = one["published"] - other["published"]
            if found is None or one["class"] == other["class"] or published == 0:
                continue
            difference, low, high, p_holm = found
            same = np.sign(difference) == np.sign(published)
            clear = low > 0 or high < 0
            rows.append(
                {
                    **dict(zip(keys, key, strict=True)),
                    "model": one["model"],
                    "other": other["model"],
                    "published_difference": published,
                    "difference": difference,
                    "low": low,
                    "high": high,
                    "p_holm": p_holm,
                    "verdict": (AGREES if same else CONTRADICTS) if clear else UNDECIDED,
                }
            )
    columns = [
        *keys,
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


def claims_markdown(experiment: dict, claims: pd.DataFrame, speakers: int) -> str:
    """The claims sheet to read: how many cells of each verdict, then the cells."""
    counts = pd.crosstab([claims["dataset"], claims["table"]], claims["verdict"]).reset_index()
    shown = claims[~claims["verdict"].isin([NOT_RUN])]
    cells = pd.DataFrame(
        {
            **{name: shown[name] for name in ("dataset", "table", "label", "head", "model")},
            "paper": shown["published"].map("{:g}".format),
            "ours": shown["mean"].map("{:.4g}".format),
            "95 % interval": [
                "" if np.isnan(low) else f"{low:.4g} to {high:.4g}"
                for low, high in zip(shown["low"], shown["high"], strict=True)
            ],
            "verdict": shown["verdict"],
        }
    )
    what = f"Published numbers beside experiment {experiment['name']} on {experiment['corpus']}"
    notes = [
        f"{REPRODUCED}: the published number lies in our 95 % interval, whose half width is at "
        f"most {MAX_HALF_WIDTH:g}; {NOT_REPRODUCED}: it lies outside; {UNDECIDABLE}: the interval "
        f"holds it but is wider, or rests on fewer than {MIN_SPEAKERS} speakers (here: "
        f"{speakers}); {NOT_COMPARABLE}: ours is of another corpus; {NOT_RUN}: there is none of "
        "ours (not listed below).",
        "The interval is of speakers and utterances, not of training; numbers of utterances are "
        "compared exactly.",
        *([experiment["note"]] if experiment.get("note") else []),
    ]
    return "\n".join(
        [frame_markdown(what, counts, []), frame_markdown("Each number", cells, notes)]
    )


def orderings_markdown(experiment: dict, pairs: pd.DataFrame) -> str:
    """The orderings to read: how many pairs agree with a paper, then those that do not."""
    keys = ["dataset", "table", "tested_on", "condition", "measure"]
    counts = pd.crosstab([pairs[key] for key in keys], pairs["verdict"])
    counts = counts.reindex(columns=[AGREES, CONTRADICTS, UNDECIDED], fill_value=0)
    signs = np.sign(pairs["difference"]) == np.sign(pairs["published_difference"])
    counts.insert(0, "same sign", signs.groupby([pairs[key] for key in keys]).sum())
    counts.insert(0, "pairs", pairs.groupby(keys).size())
    against = pairs[pairs["verdict"] == CONTRADICTS]
    listed = pd.DataFrame(
        {
            **{key: against[key] for key in keys},
            "pair": against["model"] + " − " + against["other"],
            "paper": against["published_difference"].map("{:+.4f}".format),
            "ours": against["difference"].map("{:+.4f}".format),
            "95 % interval": [
                f"{low:+.4f} to {high:+.4f}"
                for low, high in zip(against["low"], against["high"], strict=True)
            ],
            "p (Holm)": against["p_holm"].map("{:.3g}".format),
        }
    )
    what = f"Orderings of models: experiment {experiment['name']} on {experiment['corpus']}"
    notes = [
        f"{AGREES}, {CONTRADICTS}: the 95 % interval of our difference does not hold 0; "
        f"{UNDECIDED}: it does. The interval is of speakers and utterances; p is of the corrected "
        "resampled t-test over the folds, after Holm.",
        *([experiment["note"]] if experiment.get("note") else []),
    ]
    return "\n".join(
        [
            frame_markdown(what, counts.reset_index(), notes),
            frame_markdown("Pairs that contradict a paper", listed, []),
        ]
    )
