"""Clean and noisy embeddings in a picture, and how far they are apart (NMER, Figure 3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from sklearn.manifold import TSNE

from robust_mer.corruption.corrupt import read_alpha_bars
from robust_mer.data import Corpus, read_corpus
from robust_mer.evaluation.embeddings import Embeddings, NoiseOfCorpus
from robust_mer.evaluation.experiment import Experiment
from robust_mer.files import write_text
from robust_mer.jobs import log
from robust_mer.report.cells import amount
from robust_mer.report.figures.style import COLOURS, headline, in_style, save
from robust_mer.report.spec import EmbeddingsSpec
from robust_mer.report.words import figures as words
from robust_mer.runtime import Runtime

_SAMPLES = 128
_PERPLEXITY = 30.0
_PARTS = ("validation", "test")


@dataclass(frozen=True)
class Cloud:
    """Clean and noisy points [n, 2] of one modality at one SNR, and the pairs' mean distances."""

    noise: str
    snr_db: float
    modality: str
    clean: np.ndarray
    noisy: np.ndarray
    distance_picture: float
    distance_embedding: float


@dataclass(frozen=True)
class EmbeddingsFiles:
    """What `draw_embeddings` reads and writes."""

    utterances: Path
    folds: Path
    features: list[Path]
    """One per modality of the spec, in their order."""
    schedules: list[Path]
    """One per corruption of the spec, in their order."""
    svg: Path
    pdf: Path
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
    clouds = list(_clouds(experiment, corpus, noises))
    table = pd.DataFrame(
        {
            "noise": cloud.noise,
            "snr_db": cloud.snr_db,
            "modality": cloud.modality,
            "utterances": len(cloud.clean),
            "distance_picture": cloud.distance_picture,
            "distance_embedding": cloud.distance_embedding,
        }
        for cloud in clouds
    )
    write_text(files.distances, table.to_csv(index=False))
    with in_style(f"{experiment.name} tsne"):
        save(_figure(experiment, clouds), files.svg, files.pdf, runtime.origin)


def mean_pair_distance(clean: np.ndarray, noisy: np.ndarray) -> float:
    """Mean Euclidean distance of every noisy point to its own clean one (NMER, Algorithm 2)."""
    return float(np.linalg.norm(noisy - clean, axis=1).mean())


def _clouds(
    experiment: Experiment, corpus: Corpus, noises: Sequence[NoiseOfCorpus]
) -> Iterator[Cloud]:
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
            points = _fit(np.concatenate([clean, *noisy]))
            drawn, *drawn_noisy = np.split(points, len(levels) + 1)
            for level, values, place in zip(levels, noisy, drawn_noisy, strict=True):
                yield Cloud(
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
    chosen = np.random.default_rng(0).permutation(held_out)[:_SAMPLES]
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


def _fit(values: np.ndarray) -> np.ndarray:
    """Two coordinates per embedding: [n, 2]."""
    perplexity = min(_PERPLEXITY, (len(values) - 1) / 3)
    return TSNE(init="pca", perplexity=perplexity, random_state=0).fit_transform(values)


def _figure(experiment: Experiment, clouds: list[Cloud]) -> Figure:
    rows = list(dict.fromkeys((cloud.noise, cloud.modality) for cloud in clouds))
    columns = sorted({cloud.snr_db for cloud in clouds}, reverse=True)
    size = 2.3 * len(columns) + 0.8, 2.5 * len(rows) + 1.3
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(
        headline(
            experiment,
            words.headline_embeddings(experiment.corpus, experiment.folds[0]),
            width=round(11 * size[0]),
        ),
        x=0.01,
        ha="left",
        fontsize=11,
    )
    panels = figure.subplots(len(rows), len(columns), squeeze=False, sharex="row", sharey="row")
    for axes in panels.flat:
        axes.set_axis_off()
    for cloud in clouds:
        place = rows.index((cloud.noise, cloud.modality)), columns.index(cloud.snr_db)
        _draw(panels[place], cloud)
    for (noise, modality), first in zip(rows, panels[:, 0], strict=True):
        first.text(
            -0.04,
            0.5,
            f"{noise}, {modality}",
            rotation=90,
            ha="right",
            va="center",
            transform=first.transAxes,
        )
    handles, names = next(
        axes for axes in panels.flat if axes.collections
    ).get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _draw(axes: Axes, cloud: Cloud) -> None:
    pairs = np.stack([cloud.clean, cloud.noisy], axis=1)
    axes.add_collection(LineCollection(list(pairs), colors="0.8", linewidths=0.4, zorder=0))
    for points, colour, marker, name in (
        (cloud.clean, COLOURS[0], "o", "clean"),
        (cloud.noisy, COLOURS[1], "^", "noisy"),
    ):
        x, y = points.T
        axes.scatter(x, y, s=7, color=colour, marker=marker, linewidths=0, label=name)
    distances = f"{cloud.distance_picture:.1f} ({cloud.distance_embedding:.2f})"
    axes.set_title(f"{amount(cloud.snr_db)} dB\nd = {distances}", fontsize=9)
