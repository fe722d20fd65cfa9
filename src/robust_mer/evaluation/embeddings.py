"""Clean and noisy embeddings of utterances: one vector each, the mean of the frames.

NMER adds noise to "embeddings", the frames of features that models take, and compares samples, that
is utterances (sections 2.2 and 3.5). Averaging the frames makes each utterance one point. It also
weakens noise that is independent between frames, so the SNR is higher than that of the frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from robust_mer.conditions import Corruption
from robust_mer.corruption.corrupt import read_alpha_bars
from robust_mer.corruption.raw.measure import embedding_snr_db
from robust_mer.data import (
    Corpus,
    fit_normaliser,
    fit_normalisers,
    read_corpus,
    training_frames,
)
from robust_mer.engine.corruption import NO_CORRUPTION, corruption_of_fold, evaluation_frames
from robust_mer.engine.frames import Frames, load_frames
from robust_mer.evaluation.spec import NoiseSnrSpec
from robust_mer.files import write_text
from robust_mer.runtime import Runtime


@dataclass(frozen=True)
class NoiseSnrFiles:
    """What `measure_noise` reads and writes."""

    utterances: Path
    folds: Path
    features: list[Path]
    """One per modality of the spec, in their order."""
    schedule: Path
    measured: Path
    """The table to be written."""


@dataclass(frozen=True)
class NoiseOfCorpus:
    """A noise on features, as evaluation draws it: with abar by (fold, modality)."""

    corruption: Corruption
    alpha_bars: Mapping[tuple[int, str], float]


class Embeddings:
    """Embeddings of a fold's utterances: normalised as models take them, clean and noisy.

    Args:
        corpus: Utterances, folds and features.
        fold: Its training part gives the statistics.
    """

    def __init__(self, corpus: Corpus, fold: int) -> None:
        self._corpus, self._fold = corpus, fold
        self._frames = load_frames(corpus, torch.device("cpu"))
        self.normalisers = fit_normalisers(corpus, fold)

    def of(
        self, rows: np.ndarray, part: str, noise: NoiseOfCorpus | None = None
    ) -> dict[str, np.ndarray]:
        """Embeddings [n, D] per modality, zeros for an utterance without frames.

        Args:
            rows: Rows of the utterances in the corpus.
            part: Their part, on which evaluation noise depends.
            noise: The noise to add; None: they are clean.
        """
        corruption = NO_CORRUPTION
        if noise is not None:
            corruption = corruption_of_fold(noise.corruption, noise.alpha_bars, self._fold)
        frames = evaluation_frames(
            self._frames, self.normalisers, self._corpus.utterances, rows, part, corruption
        )
        return {modality: _means(stored) for modality, stored in frames.items()}


def _means(frames: Frames) -> np.ndarray:
    values = frames.values.numpy()
    means = np.zeros((len(frames.length), values.shape[1]))
    for place, (start, length) in enumerate(zip(frames.start, frames.length, strict=True)):
        if length:
            means[place] = values[start : start + length].mean(axis=0, dtype=np.float64)
    return means


def measure_noise(spec: NoiseSnrSpec, files: NoiseSnrFiles, runtime: Runtime) -> None:
    """Write the SNR at the embedding of a noise on features, as measured for raw corruptions.

    Columns ``fold, modality, embedding_snr_db``: `embedding_snr_db` of the test part, normalised as
    in :func:`robust_mer.corruption.raw.measure.write_measured`.
    """
    noise = NoiseOfCorpus(spec.corruption, read_alpha_bars(files.schedule))
    corpus = read_corpus(files.utterances, files.folds, spec.modalities, files.features)
    table = []
    for fold, parts in corpus.parts.items():
        embeddings, rows = Embeddings(corpus, fold), parts["test"]
        clean = embeddings.of(rows, "test")
        noisy = embeddings.of(rows, "test", noise)
        for modality, store in corpus.features.items():
            frames = training_frames(store, parts["train"])
            measure = fit_normaliser(embeddings.normalisers[modality](frames), normalise=True)
            available = np.diff(store.offsets)[rows] > 0
            snr_db = embedding_snr_db(
                measure(clean[modality][available]), measure(noisy[modality][available])
            )
            table.append({"fold": fold, "modality": modality, "embedding_snr_db": snr_db})
    write_text(files.measured, pd.DataFrame(table).to_csv(index=False))
