"""Utterances' embeddings as noise leaves them: a vector each, the mean of its frames.

NMER adds noise to "embeddings", the frames of features that models take, and compares samples, that
is utterances (sections 2.2 and 3.5). An utterance's frames are averaged, so that each is one point;
the average weakens independent noise of frames, so its SNR is higher than that of the frames.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from robust_mer.corruption.raw.measure import embedding_snr_db
from robust_mer.data import (
    Corpus,
    fit_normaliser,
    fit_normalisers,
    read_corpus,
    training_frames,
)
from robust_mer.files import whole
from robust_mer.protocol import Corruption, noise_specs
from robust_mer.training.frames import Frames, load_frames
from robust_mer.training.replica import NO_CORRUPTION, corruption_of_fold, evaluation_frames


@dataclass(frozen=True)
class NoiseOfCorpus:
    """A noise on features, as evaluation draws it.

    ``noises`` is what `robust_mer.config.Config.noises` says of it, ``alpha_bars`` abar by (fold,
    modality) from its schedule, ``seed`` that of the noise.
    """

    name: str
    noises: dict[str, dict]
    alpha_bars: dict[tuple[int, str], float]
    seed: int


class Embeddings:
    """Embeddings of a fold's utterances: normalised as models take them, clean and noisy.

    Args:
        corpus: Utterances, folds and features.
        fold: Its training part gives the statistics.
        normalise: Per modality, whether models take normalised features.
    """

    def __init__(self, corpus: Corpus, fold: int, normalise: dict[str, bool]) -> None:
        self._corpus, self._fold = corpus, fold
        self._frames = load_frames(corpus, torch.device("cpu"))
        self.normalisers = fit_normalisers(corpus, fold, normalise)

    def of(
        self, rows: np.ndarray, part: str, corruption: NoiseOfCorpus | None = None
    ) -> dict[str, np.ndarray]:
        """Embeddings [n, D] per modality, zeros where there are no frames.

        Args:
            rows: Places of utterances in the corpus.
            part: The part that they are of, which evaluation's noise depends on.
            corruption: What they are corrupted with; None: they are clean.
        """
        how = NO_CORRUPTION
        if corruption is not None:
            how = corruption_of_fold(
                Corruption(corruption.name, noise_specs(corruption.noises), corruption.seed),
                corruption.alpha_bars,
                self._fold,
            )
        frames = evaluation_frames(
            self._frames, self.normalisers, self._corpus.utterances, rows, part, how
        )
        return {modality: _means(some) for modality, some in frames.items()}


def _means(frames: Frames) -> np.ndarray:
    values = frames.values.numpy()
    means = np.zeros((len(frames.length), values.shape[1]))
    for place, (start, length) in enumerate(zip(frames.start, frames.length, strict=True)):
        if length:
            means[place] = values[start : start + length].mean(axis=0, dtype=np.float64)
    return means


def write_noise_snr(
    path: str | Path,
    corruption: NoiseOfCorpus,
    utterances_csv: str | Path,
    folds_csv: str | Path,
    features: dict[str, str | Path],
    normalise: dict[str, bool],
    not_finite: dict[str, float | None],
) -> None:
    """Write what a noise on features costs at the embedding, as it is measured for raw corruptions.

    Columns ``fold, modality, embedding_snr_db``: `embedding_snr_db` of the test part, in the
    measure of :func:`robust_mer.corruption.raw.measure.write_measured`.

    Args:
        path: The table to write.
        corruption: The noise.
        utterances_csv: The index.
        folds_csv: The folds.
        features: Feature file per modality.
        normalise: Per modality, whether noise goes onto normalised features.
        not_finite: Per modality, what takes the place of values that are not finite; None: they
            are an error.
    """
    corpus = read_corpus(utterances_csv, folds_csv, features, not_finite)
    table = []
    for fold, parts in corpus.parts.items():
        embeddings, rows = Embeddings(corpus, fold, normalise), parts["test"]
        clean = embeddings.of(rows, "test")
        noisy = embeddings.of(rows, "test", corruption)
        for modality, store in corpus.features.items():
            frames = training_frames(store, parts["train"])
            measure = fit_normaliser(embeddings.normalisers[modality](frames), normalise=True)
            there = np.diff(store.offsets)[rows] > 0
            snr_db = embedding_snr_db(
                measure(clean[modality][there]), measure(noisy[modality][there])
            )
            table.append({"fold": fold, "modality": modality, "embedding_snr_db": snr_db})
    with whole(path) as unfinished:
        pd.DataFrame(table).to_csv(unfinished, index=False)
