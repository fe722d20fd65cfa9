"""Signal-to-noise ratio of a raw corruption at the embedding."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from robust_mer.corruption.specs import MeasureFiles, MeasureSpec
from robust_mer.data import (
    Normaliser,
    check_alike,
    fit_normaliser,
    read_corpus,
    read_store,
    training_frames,
)
from robust_mer.files import whole
from robust_mer.jobs import log
from robust_mer.runtime import Runtime
from robust_mer.store import Features

_PART = "test"


def embedding_snr_db(clean: np.ndarray, received: np.ndarray) -> float:
    """SNR in dB of corrupted embeddings x' relative to the clean ones x, both [N, D].

    10 log10(g^2 var(x) / var(x' - g x)), with the least-squares gain g = cov(x, x') / var(x).
    Variances are one number over all utterances and dimensions, as in NMER's equation 4. A part of
    x' that is proportional to x is signal. A shift of some dimensions against others, which a model
    of clean data does not expect, is noise. Values below about -10 log10(N D) dB are meaningless,
    because unrelated noise reaches them; -inf if no signal remains.
    """
    x, y = clean.astype(np.float64), received.astype(np.float64)
    x, y = x - x.mean(), y - y.mean()
    gain = np.mean(x * y) / np.mean(x**2)
    if gain <= 0:
        return -np.inf  # no signal remains
    error = np.mean((y - gain * x) ** 2)
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(gain**2 * np.mean(x**2) / error)) if error else np.inf


def utterance_means(features: Features, rows: np.ndarray, normaliser: Normaliser) -> np.ndarray:
    """Mean of the normalised frames of the utterances ``rows``: [n, D].

    An utterance without frames has zeros, which are the mean of the training part.
    """
    means = np.zeros((len(rows), features.values.shape[1]))
    for place, row in enumerate(rows):
        frames = features.frames(row)
        if len(frames):
            means[place] = normaliser(frames).mean(axis=0, dtype=np.float64)
    return means


def write_measured(spec: MeasureSpec, files: MeasureFiles, runtime: Runtime) -> None:
    """Write the ``schedule.csv`` of a raw corruption: a row per fold, of the modality it touches.

    There is no target and no step; ``true_snr_db`` is `embedding_snr_db` of the utterances' means
    in the fold's test part, and ``variance`` that of their clean means. Features are normalised
    with the clean training part, even if the models do not normalise them: otherwise the different
    means of the dimensions would count as signal that no noise can harm.

    Raises:
        InputError: a feature file does not fit the index or holds values that are not finite.
    """
    name = spec.modality.name
    corpus = read_corpus(files.utterances, files.folds, [spec.modality], [files.clean])
    x = corpus.features[name]
    y = read_store(files.corrupted, corpus.utterances, spec.modality)
    check_alike(y, x, files.corrupted)
    table = pd.DataFrame(_rows(corpus.parts, name, x, y))
    with whole(files.schedule) as unfinished:
        table.to_csv(unfinished, index=False)
    log.info("%s: embedding SNR %.2f dB (mean of folds)", name, table["true_snr_db"].mean())


def _rows(
    parts: dict[int, dict[str, np.ndarray]], modality: str, x: Features, y: Features
) -> Iterator[dict[str, Any]]:
    lengths = np.diff(x.offsets)
    for fold, of_fold in parts.items():
        normaliser = fit_normaliser(training_frames(x, of_fold["train"]), normalise=True)
        rows = of_fold[_PART]
        rows = rows[lengths[rows] > 0]  # a comparison needs clean frames
        clean = utterance_means(x, rows, normaliser)
        yield {
            "fold": fold,
            "modality": modality,
            "target_snr_db": None,
            "variance": float(clean.var()),
            "steps": None,
            "alpha_bar": None,
            "reached_snr_db": None,
            "true_snr_db": embedding_snr_db(clean, utterance_means(y, rows, normaliser)),
        }
