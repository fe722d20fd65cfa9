"""Whether a model knows how good its answers are: calibration, and risk against coverage."""

from collections.abc import Iterator
from typing import cast

import numpy as np
import pandas as pd

from robust_mer.evaluation.answers import Answers
from robust_mer.evaluation.experiment import AVERAGE, BINS
from robust_mer.evaluation.summary import too_few_utterances

COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

_FIGURES = ["accuracy", "confidence", "ece", "aurc"]


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """How far confidence and accuracy are apart, in [0, 1]: sum over bins of n_b / n |acc - conf|.

    The bins are 15 of equal width over [0, 1].

    Source: C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, eq. 3.

    Args:
        confidence: Stated probability that the answer is right [N].
        right: 1 if it is right, else 0 [N].
    """
    gap = np.asarray(right, float) - np.asarray(confidence, float)
    sums, _ = np.histogram(confidence, BINS, (0, 1), weights=gap)
    return float(np.abs(sums).sum() / len(gap))


def selective_risk(confidence: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Share of wrong answers among the n most confident ones, for n = 1 to N [N].

    Answers of equal confidence stand in no order: each counts with the mean of them.

    Source: Y. Geifman and R. El-Yaniv, "Selective Classification for Deep Neural Networks",
    NeurIPS 2017, section 2.

    Args:
        confidence: Stated probability that the answer is right [N].
        right: 1 if it is right, else 0 [N].
    """
    _, tie, size = np.unique(-np.asarray(confidence), return_inverse=True, return_counts=True)
    wrong = np.repeat(np.bincount(tie, 1 - np.asarray(right, float)) / size, size)
    return np.cumsum(wrong) / np.arange(1, len(wrong) + 1)


def reliability(answers: Answers, target: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Calibration and risk-coverage of one model under one corruption.

    Each figure is taken, with one seed, on the test utterances of all folds together, and then
    averaged over the seeds; ``average`` is the unweighted mean of the partial conditions.

    Args:
        answers: Of a task with confidence.
        target: What is true in each row [R].

    Returns:
        A row per condition with the means and, over the seeds, standard deviations of
        ``accuracy``, ``confidence`` (its mean), ``ece`` and ``aurc``, the mean of `selective_risk`;
        and a row per condition and ``coverage`` with ``risk``, the share of wrong answers among
        so many most confident ones.

    Raises:
        InputError: each utterance counts under one condition, and none under one of them.
    """
    figures = pd.DataFrame(_figures(answers, target))
    partial = [list(answers.kinds)[place] for place in answers.partial]
    if partial:
        average = (
            figures[figures["condition"].isin(partial)].groupby("seed").mean(numeric_only=True)
        )
        figures = pd.concat([figures, average.reset_index().assign(condition=AVERAGE)])
    groups = figures.groupby("condition", sort=False)
    mean, sd = groups.mean(), groups.std(ddof=1)
    table = pd.concat(
        {
            f"{name}_{what}": values[name]
            for name in _FIGURES
            for what, values in (("mean", mean), ("sd", sd))
        },
        axis=1,
    )
    risks = mean[list(COVERAGES)].rename_axis(columns="coverage").stack()
    curves = cast("pd.Series[float]", risks).rename("risk")
    setting = {
        "model": answers.file.model,
        "trained_on": answers.file.trained_on,
        "tested_on": answers.file.tested_on,
    }
    return (
        pd.DataFrame({**setting, **table.reset_index()}),
        pd.DataFrame({**setting, **curves.to_frame().reset_index()}),
    )


def _figures(answers: Answers, target: np.ndarray) -> Iterator[dict[str | float, object]]:
    assert answers.confidence is not None
    for place, condition in enumerate(answers.kinds):
        rows = answers.counts[:, place]
        if not rows.any():
            raise too_few_utterances(answers.file, condition)
        for seed in range(answers.predicted.shape[2]):
            right = (answers.predicted[rows, place, seed] == target[rows]).astype(np.float32)
            confidence = answers.confidence[rows, place, seed]
            risk = selective_risk(confidence, right)
            yield {
                "condition": condition,
                "seed": seed,
                "accuracy": right.mean(),
                "confidence": confidence.mean(),
                "ece": expected_calibration_error(confidence, right),
                "aurc": risk.mean(),
                **{share: risk[int(np.ceil(share * len(risk))) - 1] for share in COVERAGES},
            }
