"""The order of rows and columns in an experiment's tables."""

import numpy as np
import pandas as pd

from robust_mer.conditions import CLEAN, NONE, PARTIAL
from robust_mer.evaluation.experiment import AVERAGE, COMPLETE, DRAWN, POOLED, SAME, Experiment

JOINT = (NONE, COMPLETE, AVERAGE, POOLED)
"""Kinds with one condition each; they come after the partial ones."""


def partial_conditions(summary: pd.DataFrame) -> list[str]:
    """Conditions with some modalities clean and some not, those with fewer letters first."""
    partial = summary.loc[summary["kind"] == PARTIAL, "condition"].unique()
    complete = summary.loc[summary["kind"] == COMPLETE, "condition"].unique()
    letters = "".join([*sorted(complete, key=len, reverse=True), *sorted(partial)])
    return sorted(partial, key=lambda name: (len(name), [letters.index(letter) for letter in name]))


def in_order(experiment: Experiment, summary: pd.DataFrame) -> pd.DataFrame:
    """Blind models first, in the experiment's order; then rising noise and growing conditions."""
    models = sorted(experiment.models, key=lambda model: model in experiment.is_mask_aware)
    conditions = [*partial_conditions(summary), *JOINT, *experiment.tested_under]
    has_name = summary["kind"].isin([PARTIAL, DRAWN])
    column = summary["condition"].where(has_name, summary["kind"])
    keys = pd.DataFrame(
        {
            "model": summary["model"].map(models.index),
            "corrupted": summary["tested_on"] != CLEAN,
            "training": summary["training"],
            "noise": summary["noise"],
            "severity": summary["tested_on"].map(experiment.severity),
            "condition": column.map(conditions.index),
        }
    )
    return summary.loc[keys.sort_values(list(keys.columns)).index].reset_index(drop=True)


def average_rows(experiment: Experiment, summary: pd.DataFrame) -> pd.DataFrame:
    """The rows of NMER's Table 2: averages, and the complete condition of clean data.

    ``training`` of a clean row becomes ``same`` if the model's other rows have it: the model is
    trained on what it is tested on, here clean data.
    """
    with_clean = np.array([not experiment.none_clean(name) for name in summary["trained_on"]])
    average = summary[(summary["kind"] == AVERAGE) & with_clean]
    clean = summary[(summary["kind"] == COMPLETE) & (summary["tested_on"] == CLEAN)]
    lines = set(zip(average["model"], average["training"], strict=True))
    training = [
        SAME
        if training == CLEAN and (model, SAME) in lines and (model, CLEAN) not in lines
        else training
        for model, training in zip(clean["model"], clean["training"], strict=True)
    ]
    return pd.concat([clean.assign(training=training), average]).sort_index()


def curve_rows(experiment: Experiment, summary: pd.DataFrame) -> pd.DataFrame:
    """Those of `average_rows`; or ``none`` instead of averages where there is no average."""
    rows = average_rows(experiment, summary)
    if (rows["kind"] == AVERAGE).any():
        return rows
    none = summary[(summary["kind"] == NONE) & (summary["tested_on"] != CLEAN)]
    return pd.concat([rows, none]).sort_index()


def conditions_rows(summary: pd.DataFrame) -> pd.DataFrame:
    """The rows of NMER's Table 3: every condition of corrupted data."""
    return summary[(summary["tested_on"] != CLEAN) & (summary["kind"] != DRAWN)]
