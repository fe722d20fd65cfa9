"""Clean and noisy embeddings in a picture, and how far they are apart (NMER, Figure 3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from robust_mer.corruption.corrupt import read_alpha_bars
from robust_mer.data import Corpus, read_corpus
from robust_mer.evaluation.embeddings import Embeddings, NoiseOfCorpus
from robust_mer.evaluation.experiment import Experiment
from robust_mer.files import write_text
from robust_mer.jobs import log
from robust_mer.report.cells import amount
from robust_mer.report.figures.base import write_picture
from robust_mer.report.figures.clouds import SAMPLES, Cloud, lay_out, points_of
from robust_mer.report.figures.panels import Panels
from robust_mer.report.spec import DrawnFiles, EmbeddingsSpec
from robust_mer.report.words import figures as words
from robust_mer.runtime import Runtime

_PARTS = ("validation", "test")


@dataclass(frozen=True)
class Pairs:
    """Clean and noisy points [n, 2] of one modality at one SNR, and the pairs' mean distances."""

    noise: str
    snr_db: float
    modality: str
    clean: np.ndarray
    noisy: np.ndarray
    distance_picture: float
    distance_embedding: float


@dataclass(frozen=True, kw_only=True)
class EmbeddingsFiles(DrawnFiles):
    """What `draw_embeddings` reads and writes."""

    utterances: Path
    folds: Path
    features: list[Path]
    """One per modality of the spec, in their order."""
    schedules: list[Path]
    """One per corruption of the spec, in their order."""
    distances: Path
    """``noise, snr_db, modality, utterances, distance_picture, distance_embedding`` (Algorithm 2,
    in the picture and in the space of embeddings)."""


def draw_embeddings(spec: EmbeddingsSpec, files: EmbeddingsFiles, runtime: Runtime) -> None:
    """Draw t-SNE pictures of clean and noisy embeddings, a row per noise and modality.

    128 utterances (or as many as there are) of the first fold's validation and test part, drawn
    once. The clean ones and all their noisy versions, at every SNR of a noise, are laid out by one
    fit per modality, so that the panels of a row and their distances can be compared.
    """
    experiment = spec.experiment
    noises = [
        NoiseOfCorpus(corruption, read_alpha_bars(schedule))
        for corruption, schedule in zip(spec.corruptions, files.schedules, strict=True)
    ]
    corpus = read_corpus(files.utterances, files.folds, spec.modalities, files.features)
    pairs = list(_pairs(experiment, corpus, noises))
    table = pd.DataFrame(
        {
            "noise": one.noise,
            "snr_db": one.snr_db,
            "modality": one.modality,
            "utterances": len(one.clean),
            "distance_picture": one.distance_picture,
            "distance_embedding": one.distance_embedding,
        }
        for one in pairs
    )
    write_text(files.distances, table.to_csv(index=False))
    write_picture(experiment, _picture(pairs), words.ABOUT_EMBEDDINGS, files, runtime)


def mean_pair_distance(clean: np.ndarray, noisy: np.ndarray) -> float:
    """Mean Euclidean distance of every noisy point to its own clean one (NMER, Algorithm 2)."""
    return float(np.linalg.norm(noisy - clean, axis=1).mean())


def _pairs(
    experiment: Experiment, corpus: Corpus, noises: Sequence[NoiseOfCorpus]
) -> Iterator[Pairs]:
    fold = experiment.folds[0]
    embeddings = Embeddings(corpus, fold)
    by_noise: dict[str, dict[float, NoiseOfCorpus]] = {}
    for one in noises:
        noise, snr_db = experiment.noise_and_snr(one.corruption.name)
        by_noise.setdefault(noise, {})[snr_db] = one
    for noise, at in by_noise.items():
        levels = sorted(at, reverse=True)
        for modality in corpus.features:
            rows = _samples(corpus, fold, modality)
            clean = _of(embeddings, rows, modality)
            noisy = [
                _of(embeddings, rows, modality, _drawn_apart(at[level], place))
                for place, level in enumerate(levels)
            ]
            drawn, *drawn_noisy = lay_out([clean, *noisy])
            for level, values, place in zip(levels, noisy, drawn_noisy, strict=True):
                yield Pairs(
                    noise,
                    level,
                    modality,
                    drawn,
                    place,
                    mean_pair_distance(drawn, place),
                    mean_pair_distance(clean, values),
                )
            log.info("%s, %s: %d utterances at %d SNRs", noise, modality, len(clean), len(levels))


def _drawn_apart(noise: NoiseOfCorpus, place: int) -> NoiseOfCorpus:
    """A noise with draws of its own.

    Evaluation uses the same draws at every SNR; here an utterance's noisy versions would be each
    other's neighbours by that, and the picture would show nothing else.
    """
    corruption = replace(noise.corruption, seed=(noise.corruption.seed or 0) + place)
    return replace(noise, corruption=corruption)


def _samples(corpus: Corpus, fold: int, modality: str) -> dict[str, np.ndarray]:
    """Rows, by part, of utterances that were not trained on and have frames; the same each time."""
    length = np.diff(corpus.features[modality].offsets)
    parts = {part: corpus.parts[fold][part] for part in _PARTS}
    held_out = np.concatenate([rows[length[rows] > 0] for rows in parts.values()])
    chosen = np.random.default_rng(0).permutation(held_out)[:SAMPLES]
    return {part: rows[np.isin(rows, chosen)] for part, rows in parts.items()}


def _of(
    embeddings: Embeddings,
    rows: dict[str, np.ndarray],
    modality: str,
    noise: NoiseOfCorpus | None = None,
) -> np.ndarray:
    return np.concatenate(
        [embeddings.of(some, part, noise)[modality] for part, some in rows.items()]
    )


def _picture(pairs: Sequence[Pairs]) -> Panels:
    """A row of panels per noise and modality, noise growing to the right."""
    ordered = sorted(pairs, key=lambda one: (one.noise, one.modality, -one.snr_db))
    panels = [
        Cloud(
            words.embeddings_panel(
                f"{one.noise} {amount(one.snr_db)} dB",
                one.modality,
                f"{one.distance_picture:.1f} ({one.distance_embedding:.2f})",
            ),
            points_of(
                [
                    (words.CLEAN, words.CLEAN, 0, 0, one.clean),
                    (words.NOISY, words.NOISY, 1, 0, one.noisy),
                ]
            ),
        )
        for one in ordered
    ]
    abreast = max(
        sum(one.noise == other.noise and one.modality == other.modality for other in pairs)
        for one in pairs
    )
    return Panels(panels, abreast, {words.CLEAN: 0, words.NOISY: 1}, {"line": words.EMBEDDING})
