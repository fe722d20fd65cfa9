"""Scores under the protocols of the tests: what tables and figures of protocols show."""

from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import DRAWN, Experiment
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd

FEWEST_RATES = 3
"""Rates from which on there is a curve."""


def drawn_rows(experiment: Experiment, summary: "pd.DataFrame") -> "pd.DataFrame":
    """Rows of a summary that belong to a protocol, without models trained at another rate.

    ``training`` is that of `Experiment.training_under`; ``family`` and ``rate`` (%) are those of
    the protocol, empty and NaN if it has none.
    """
    rows = summary[summary["kind"] == DRAWN]
    protocols = experiment.protocols
    training = [
        experiment.training_under(row["trained_on"], row["tested_on"], row["condition"])
        for row in records(rows)
    ]
    rates = {name: one.rate for name, one in protocols.items()}
    rows = rows.assign(
        training=training,
        family=[protocols[name].family or "" for name in rows["condition"]],
        rate=[float("nan") if rates[n] is None else 100 * rates[n] for n in rows["condition"]],
    )
    return rows[rows["training"].notna()]


def rate_rows(experiment: Experiment, summary: "pd.DataFrame") -> "pd.DataFrame":
    """Those of families with three rates or more."""
    rows = drawn_rows(experiment, summary).dropna(subset=["rate"])
    rates = rows.groupby(["tested_on", "family"])["rate"].transform("nunique")
    return rows[rates >= FEWEST_RATES]


def has_rates(experiment: Experiment) -> bool:
    """Whether there are so many rates in a family."""
    families = [one.family for one in experiment.protocols.values() if one.rate is not None]
    return any(families.count(family) >= FEWEST_RATES for family in families)
