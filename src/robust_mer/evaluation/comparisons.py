"""Significance of the differences between models."""

from collections.abc import Iterator
from itertools import combinations, starmap
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtr

from robust_mer.conditions import CLEAN, NONE, PARTIAL
from robust_mer.evaluation.bootstrap import Replicates, bounds
from robust_mer.evaluation.experiment import AVERAGE, COMPLETE, Experiment
from robust_mer.table import groups

_COLUMNS = [
    "tested_on",
    "condition",
    "measure",
    "model",
    "trained_on",
    "other",
    "other_trained_on",
    "mean",
    "other_mean",
    "difference",
    "difference_sd",
    "low",
    "high",
    "folds",
    "t",
    "p",
    "p_holm",
]


_ROUNDING = 1e-9  # of differences of scores, relative


def corrected_t_test(differences: np.ndarray, test_to_train: float) -> tuple[float, float]:
    """Test whether two models differ, from their differences in folds that share training data.

    Training sets overlap, so the folds' differences are not independent and s² / J underestimates
    the variance of their mean. It becomes (1 / J + n_test / n_train) s², with J - 1 degrees of
    freedom.

    Source: C. Nadeau and Y. Bengio, "Inference for the Generalization Error", Machine Learning 52
    (2003), pp. 239-281, section 3 ("corrected resampled t-test").

    Args:
        differences: One per fold [J].
        test_to_train: n_test / n_train.

    Returns:
        t and the two-sided p; NaN for fewer than two folds, and for folds that all differ by the
        same, from which no variance can be estimated; t = 0 and p = 1 if nothing differs.
    """
    if len(differences) < 2:
        return float("nan"), float("nan")
    mean = float(np.mean(differences))
    if not np.any(differences):
        return 0.0, 1.0
    if np.ptp(differences) <= _ROUNDING * abs(mean):
        return float("nan"), float("nan")
    variance = (1 / len(differences) + test_to_train) * float(np.var(differences, ddof=1))
    t = mean / variance**0.5
    return t, float(2 * stdtr(len(differences) - 1, -abs(t)))  # Student's t, both tails


def compare_models(
    experiment: Experiment, replicates: Replicates, test_to_train: float
) -> pd.DataFrame:
    """Compare pairs of models tested on the same corruption, in the scores of the papers' tables.

    These scores are, per corruption, the average of the partial conditions for models trained with
    some modalities clean, ``none`` for those trained with none clean, and the complete condition
    of clean data. Two models are compared if they were trained on the same corruption, or one of
    them is only ever trained on clean data, and their averages are of the same conditions.

    Args:
        experiment: Describes the protocol of each training.
        replicates: Of all settings.
        test_to_train: See `corrected_t_test`.

    Returns:
        A row per pair and measure: ``tested_on, condition, measure, model, trained_on, other,
        other_trained_on, mean, other_mean``; their ``difference`` with the bootstrap's interval
        ``low, high`` (`robust_mer.evaluation.bootstrap`) and the standard deviation of the
        ``folds`` differences, each the mean over the seeds; ``t`` and ``p`` of `corrected_t_test`;
        and ``p_holm``, adjusted by Holm's method for all rows of that measure.
    """
    table = pd.DataFrame(_rows(experiment, replicates, test_to_train), columns=_COLUMNS[:-1])
    table["p_holm"] = np.nan
    for metric in replicates.measures:
        tested = (table["measure"] == metric.name) & table["p"].notna()
        if tested.any():
            from statsmodels.stats.multitest import multipletests  # imports scipy.stats: a second

            table.loc[tested, "p_holm"] = multipletests(table.loc[tested, "p"], method="holm")[1]
    return table


class _Setting(NamedTuple):
    """What a model was trained and tested on, and its place among the replicates."""

    place: int
    model: str
    trained_on: str
    tested_on: str


def _compared(rows: pd.DataFrame) -> Iterator[_Setting]:
    columns = (rows[name] for name in ("model", "trained_on", "tested_on"))
    return starmap(_Setting, zip(rows.index, *columns, strict=True))


def _rows(
    experiment: Experiment, replicates: Replicates, test_to_train: float
) -> Iterator[tuple[object, ...]]:
    settings = replicates.settings
    trainings = settings.groupby("model")["trained_on"].unique().map(set)
    trained_once = {str(model) for model, names in trainings.items() if names == {CLEAN}}
    trained_once.update(experiment.trained_once)
    partial = settings[settings["kind"] == PARTIAL]
    covered = partial.groupby(["model", "trained_on", "tested_on"])["condition"].agg(frozenset)
    compared = settings[settings["kind"].isin([AVERAGE, NONE, COMPLETE])]
    for (tested_on, kind), rows in groups(compared, ["tested_on", "kind"]):
        for one, other in combinations(_compared(rows), 2):
            if not _compare(experiment, kind, one, other, trained_once):
                continue
            setting, other_setting = (
                (row.model, row.trained_on, tested_on) for row in (one, other)
            )
            if kind == AVERAGE and covered[setting] != covered[other_setting]:
                continue
            pair = [one.place, other.place]
            low, high = bounds(np.subtract(*np.moveaxis(replicates.resampled[:, :, pair], 2, 0)))
            for place, metric in enumerate(replicates.measures):
                differences = np.subtract(*replicates.of_folds[place][:, pair].T)
                yield (
                    tested_on,
                    kind,
                    metric.name,
                    *setting[:2],
                    *other_setting[:2],
                    *replicates.data[place, pair],
                    differences.mean(),
                    differences.std(ddof=1) if len(differences) > 1 else np.nan,
                    low[place],
                    high[place],
                    len(differences),
                    *corrected_t_test(differences, test_to_train),
                )


def _compare(
    experiment: Experiment, kind: str, one: _Setting, other: _Setting, trained_once: set[str]
) -> bool:
    """Whether two rows are compared: they are trained alike, and the papers show this score."""
    free = [row.model in trained_once for row in (one, other)]
    if one.model == other.model or not (one.trained_on == other.trained_on or any(free)):
        return False
    if one.tested_on == CLEAN:
        return kind == COMPLETE
    none_clean = {
        experiment.none_clean(row.trained_on)
        for row, is_free in zip((one, other), free, strict=True)
        if not is_free
    }
    return kind == (NONE if none_clean == {True} else AVERAGE)
