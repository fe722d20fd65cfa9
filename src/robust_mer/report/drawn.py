"""Scores under the protocols of the tests: what tables and figures of protocols show."""

from typing import TYPE_CHECKING

import numpy as np

from robust_mer.evaluation.experiment import DRAWN, SAME, Experiment
from robust_mer.protocols.protocol import realised_rate
from robust_mer.table import records

if TYPE_CHECKING:
    import pandas as pd

FEWEST_RATES = 3
"""Rates from which on there is a curve."""


def drawn_rows(experiment: Experiment, summary: "pd.DataFrame") -> "pd.DataFrame":
    """Rows of a summary that belong to a protocol, without models meant for another rate.

    Of each model, what was trained under the protocol of the test comes first.

    ``training`` is that of `Experiment.training_under`; ``family`` and the realised ``rate`` (%)
    are those of the protocol, empty and NaN if it has none.
    """
    rows = summary[summary["kind"] == DRAWN]
    protocols = experiment.protocols
    training = [
        experiment.training_under(
            row["model"], row["trained_on"], row["tested_on"], row["condition"]
        )
        or ""
        for row in records(rows)
    ]
    modalities = list(experiment.modalities)
    rates = {
        name: float("nan") if one.rate is None else 100 * realised_rate(one, modalities)
        for name, one in protocols.items()
    }
    rows = rows.assign(
        training=training,
        family=[protocols[name].family or "" for name in rows["condition"]],
        rate=[rates[name] for name in rows["condition"]],
    )
    rows = rows[rows["training"] != ""]
    order = {model: place for place, model in enumerate(rows["model"].unique())}
    keys = [rows["model"].map(order), rows["training"] != SAME]
    return rows.iloc[np.lexsort(keys[::-1])]


def rate_rows(experiment: Experiment, summary: "pd.DataFrame") -> "pd.DataFrame":
    """Those of families with three rates or more."""
    rows = drawn_rows(experiment, summary).dropna(subset=["rate"])
    rates = rows.groupby(["tested_on", "family"])["rate"].transform("nunique")
    return rows[rates >= FEWEST_RATES]


def has_rates(experiment: Experiment) -> bool:
    """Whether there are so many rates in a family."""
    families = [one.family for one in experiment.protocols.values() if one.rate is not None]
    has_curve = any(families.count(family) >= FEWEST_RATES for family in families)
    return has_curve and experiment.has_corruptions
