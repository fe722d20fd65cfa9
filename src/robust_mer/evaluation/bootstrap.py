"""Intervals of every measure by resampling speakers and, within them, utterances.

The rows of a table are not independent: each utterance occurs under every condition and seed, and a
speaker's utterances resemble each other. A resample therefore draws speakers, then utterances of
these speakers, and uses the same draws for all models, conditions and seeds. A drawn utterance
contributes all of its answers.

Source: A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their Application", Cambridge 1997,
section 3.8 (two stages, both with replacement).
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from robust_mer.conditions import PARTIAL
from robust_mer.evaluation.answers import Answers, HeldOut
from robust_mer.evaluation.experiment import AVERAGE, CONFIDENCE, DRAWN, POOLED, REPLICATES
from robust_mer.metrics.metric import AnswerSets, Metric, weighted_scores

_SEED = 1
_COLUMNS_AT_ONCE = 1024  # bounds the memory: three arrays of so many settings per replicate


@dataclass(frozen=True)
class Replicates:
    """M measures of K settings: on the data, and on B resamples of it.

    ``settings`` has the columns ``model, trained_on, tested_on, condition, kind`` [K]; after the
    conditions come ``average`` and, if any, ``pooled``. ``of_folds`` [M, F, K] holds the
    ``measures`` of every fold, mean over the seeds, ``data`` [M, K] their mean and ``resampled``
    [M, B, K] the same mean on each resample.
    """

    measures: tuple[Metric, ...]
    settings: pd.DataFrame
    of_folds: np.ndarray
    data: np.ndarray
    resampled: np.ndarray

    def intervals(self) -> pd.DataFrame:
        """``settings`` with ``{measure}_low`` and ``{measure}_high``, the percentile interval."""
        low, high = bounds(self.resampled)
        ends: dict[str, np.ndarray] = {}
        for place, metric in enumerate(self.measures):
            ends |= {f"{metric.name}_low": low[place], f"{metric.name}_high": high[place]}
        return self.settings.assign(**ends)


def bounds(resampled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of the percentile interval over the second axis, the replicates."""
    tail = (1 - CONFIDENCE) / 2
    with warnings.catch_warnings():
        # A measure may be undefined on all resamples; then its ends are NaN.
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        low, high = np.nanquantile(resampled, [tail, 1 - tail], axis=1)
    return low, high


def draw_weights(
    speaker: np.ndarray, replicates: int, seed: int = _SEED
) -> tuple[np.ndarray, np.ndarray]:
    """How often speakers and utterances are drawn in each replicate.

    Draws as many speakers as there are, with replacement; and for a speaker who is drawn k times,
    k times that speaker's number of utterances, with replacement.

    Args:
        speaker: Number of each utterance's speaker [U], from 0.
        replicates: B.
        seed: Of the draws.

    Returns:
        Counts of speakers [B, S] and of utterances [B, U], float32.
    """
    generator = np.random.default_rng(seed)
    count = int(speaker.max()) + 1
    speakers = generator.multinomial(count, np.full(count, 1 / count), size=replicates)
    utterances = np.empty((replicates, len(speaker)), np.float32)
    of_speakers = np.split(np.argsort(speaker, kind="stable"), np.bincount(speaker).cumsum()[:-1])
    for number, members in enumerate(of_speakers):
        draws = speakers[:, number] * len(members)
        utterances[:, members] = generator.multinomial(
            draws, np.full(len(members), 1 / len(members))
        )
    return speakers.astype(np.float32), utterances


def resample(
    answers: list[Answers],
    tested: HeldOut,
    measures: Sequence[Metric],
    replicates: int = REPLICATES,
) -> Replicates:
    """Measures of all settings, on the data and on resamples that all settings share.

    A fold's measures are those of its drawn utterances; classes that were not drawn do not count.
    The mean over the folds weights each by the share of its speakers that was drawn, so that a fold
    with one speaker, as on IEMOCAP, counts as often as that speaker is drawn.

    Args:
        answers: Of all files.
        tested: The rows that they share.
        measures: M of them.
        replicates: B.
    """
    settings, columns = _columns(answers)
    drawn = draw_weights(tested.speaker, replicates)
    once = np.ones((1, tested.speakers)), np.ones((1, len(tested.names)))  # in double precision
    parts = []
    for start in range(0, len(settings), _COLUMNS_AT_ONCE):
        some = columns.sets(slice(start, start + _COLUMNS_AT_ONCE))
        data = _folds(tested, measures, *once, some)
        of_folds = np.stack([score[:, 0] for score, _ in data], axis=1)
        resampled = _mean(_folds(tested, measures, *drawn, some))
        parts.append((of_folds, of_folds.mean(axis=1), resampled))
    arrays = [np.concatenate(array, axis=-1) for array in zip(*parts, strict=True)]
    groups = _partial_columns(settings)
    averages = settings.iloc[[places[0] for places in groups]].assign(
        condition=AVERAGE, kind=AVERAGE
    )
    return Replicates(
        tuple(measures),
        pd.concat([settings, averages], ignore_index=True),
        *(
            np.concatenate(
                [array, *(array[..., places].mean(-1, keepdims=True) for places in groups)], -1
            )
            for array in arrays
        ),
    )


def _columns(answers: list[Answers]) -> tuple[pd.DataFrame, AnswerSets]:
    """The settings [K] with their answers; what is pooled or drawn is a setting of its own."""
    settings, predicted, counts = [], [], []
    for answer in answers:
        setting = (answer.file.model, answer.file.trained_on, answer.file.tested_on)
        for place, (condition, kind) in enumerate(answer.kinds.items()):
            settings.append((*setting, condition, kind))
            predicted.append(answer.predicted[:, place])
            counts.append(answer.counts[:, place])
        if not answer.counts.all():
            met = np.array(answer.partial)[answer.counts[:, answer.partial].argmax(axis=1)]
            settings.append((*setting, POOLED, POOLED))
            predicted.append(answer.predicted[np.arange(len(met)), met])
            counts.append(np.ones(len(met), dtype=bool))
        for name, met in answer.drawn.items():
            settings.append((*setting, name, DRAWN))
            predicted.append(answer.predicted[np.arange(len(met)), met])
            counts.append(np.ones(len(met), dtype=bool))
    patterns = list(dict.fromkeys(count.tobytes() for count in counts))
    return (
        pd.DataFrame(settings, columns=["model", "trained_on", "tested_on", "condition", "kind"]),
        AnswerSets(
            np.stack(predicted, axis=1),
            np.stack([np.frombuffer(p, dtype=bool) for p in patterns], axis=1),
            np.array([patterns.index(count.tobytes()) for count in counts]),
        ),
    )


def _partial_columns(settings: pd.DataFrame) -> list[np.ndarray]:
    """Rows of the partial conditions of each setting that has any."""
    partial = settings[settings["kind"] == PARTIAL]
    groups = partial.groupby(["model", "trained_on", "tested_on"], sort=False)
    return [group.index.to_numpy() for _, group in groups]


def _folds(
    tested: HeldOut,
    measures: Sequence[Metric],
    speakers: np.ndarray,
    utterances: np.ndarray,
    answers: AnswerSets,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each fold's measures [M, B, K], NaN where nothing was drawn, and its weight [B, 1]."""
    for fold in range(len(tested.folds)):
        rows = np.flatnonzero(tested.fold == fold)
        utterance = tested.utterance[rows]
        score = weighted_scores(
            measures, tested.target[rows], answers.utterances(rows), utterances[:, utterance]
        )
        own = np.unique(tested.speaker[utterance])
        yield score, speakers[:, own].mean(axis=1, keepdims=True)


def _mean(folds: Iterator[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Weighted mean of the folds' scores [M, B, K], over folds with at least one draw."""
    score_sum = weight_sum = 0.0
    for score, weight in folds:
        is_drawn = np.isfinite(score)
        score_sum = score_sum + np.where(is_drawn, score, 0) * weight
        weight_sum = weight_sum + is_drawn * weight
    nothing = np.full_like(score_sum, np.nan)
    return np.divide(score_sum, weight_sum, out=nothing, where=weight_sum > 0)
