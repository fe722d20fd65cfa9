"""Representations that a model rebuilt beside the true ones (CM-ARR, Figure 5)."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from sklearn.manifold import TSNE

from robust_mer.data import Corpus, read_corpus
from robust_mer.engine.checkpoint import load_checkpoint
from robust_mer.engine.corruption import NO_CORRUPTION, evaluation_frames
from robust_mer.engine.frames import load_frames
from robust_mer.engine.nets import Nets
from robust_mer.engine.predict import PaddedPart, embed
from robust_mer.errors import InputError
from robust_mer.evaluation.experiment import Experiment
from robust_mer.files import write_text
from robust_mer.report.figures.style import COLOURS, headline, in_style, save
from robust_mer.report.spec import ReconstructionsSpec
from robust_mer.report.words import figures as words
from robust_mer.runtime import Runtime

_SAMPLES = 128
_PERPLEXITY = 30.0


@dataclass(frozen=True)
class Rebuilt:
    """True and rebuilt points [n, 2] of a modality, and distances between the representations."""

    model: str
    modality: str
    true: np.ndarray
    rebuilt: np.ndarray
    distance: float  # mean, of every rebuilt point to its own true one
    distance_of_others: float  # mean, of every true point to those of other utterances


@dataclass(frozen=True)
class ReconstructionsFiles:
    """What `draw_reconstructions` reads and writes."""

    utterances: Path
    folds: Path
    features: list[Path]
    """One per modality of the spec, in their order."""
    checkpoints: list[Path]
    """One per name of the spec: replicas of one fold that rebuild what is missing."""
    svg: Path
    pdf: Path
    distances: Path
    """``model, modality, utterances, distance, distance_of_others``."""


def draw_reconstructions(
    spec: ReconstructionsSpec, files: ReconstructionsFiles, runtime: Runtime
) -> None:
    """Draw a t-SNE picture per model: each modality's own representations and the rebuilt ones.

    A modality is rebuilt from all others, clean. 128 utterances (or as many as there are) of the
    test part of the checkpoints' fold; all modalities of a model are laid out by one fit.
    """
    experiment = spec.experiment
    corpus = read_corpus(files.utterances, files.folds, spec.modalities, files.features)
    checkpoints = zip(spec.names, files.checkpoints, strict=True)
    rebuilt = [
        one for name, path in checkpoints for one in _rebuild(corpus, name, path, spec.trusted)
    ]
    table = pd.DataFrame(
        {
            "model": one.model,
            "modality": one.modality,
            "utterances": len(one.true),
            "distance": one.distance,
            "distance_of_others": one.distance_of_others,
        }
        for one in rebuilt
    )
    write_text(files.distances, table.to_csv(index=False))
    with in_style(f"{experiment.name} rebuilt"):
        save(_figure(experiment, rebuilt), files.svg, files.pdf, runtime.origin)


def _rebuild(
    corpus: Corpus, name: str, checkpoint: Path, trusted: Collection[str]
) -> list[Rebuilt]:
    model, normalisers, facts = load_checkpoint(checkpoint, trusted)
    unknown = set(facts["inputs"]) - set(corpus.features)
    if unknown:
        raise InputError(
            f"{checkpoint} needs features of {', '.join(sorted(unknown))}, which are missing"
        )
    device = torch.device("cpu")
    frames = load_frames(corpus, device)
    rows = np.random.default_rng(0).permutation(corpus.parts[facts["fold"]]["test"])[:_SAMPLES]
    received = evaluation_frames(
        {modality: frames[modality] for modality in facts["inputs"]},
        normalisers,
        corpus.utterances,
        rows,
        "test",
        NO_CORRUPTION,
    )
    embedded = embed(Nets([model], device), PaddedPart.of([received]))
    embeddings = {modality: values[0] for modality, values in embedded.items()}
    with torch.inference_mode():
        pairs = {modality: model.reconstruct(embeddings, modality) for modality in embeddings}
    points = np.concatenate([both.numpy() for pair in pairs.values() for both in pair])
    perplexity = min(_PERPLEXITY, (len(points) - 1) / 3)
    drawn = TSNE(init="pca", perplexity=perplexity, random_state=0).fit_transform(points)
    places = iter(np.split(drawn, 2 * len(pairs)))
    return [
        Rebuilt(
            name,
            modality,
            next(places),
            next(places),
            float((true - rebuilt).norm(dim=1).mean()),
            float(torch.pdist(true).mean()),
        )
        for modality, (true, rebuilt) in pairs.items()
    ]


def _figure(experiment: Experiment, results: list[Rebuilt]) -> Figure:
    models = list(dict.fromkeys(one.model for one in results))
    modalities = list(dict.fromkeys(one.modality for one in results))
    columns = min(3, len(models))
    deep = -(-len(models) // columns)
    figure = Figure(figsize=(4.4 * columns + 0.8, 4.4 * deep + 2.0), layout="constrained")
    title = words.headline_reconstructions(experiment.corpus, experiment.folds[0])
    figure.suptitle(headline(experiment, title, 54 * columns), x=0.01, ha="left", fontsize=11)
    panels = figure.subplots(deep, columns, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    for axes, model in zip(panels, models, strict=False):
        of_model = [one for one in results if one.model == model]
        for one in of_model:
            colour = COLOURS[modalities.index(one.modality)]
            axes.scatter(*one.true.T, s=11, color=colour, linewidths=0, label=one.modality)
            axes.scatter(
                *one.rebuilt.T,
                s=11,
                color=colour,
                alpha=0.35,
                marker="^",
                linewidths=0,
                label=f"{one.modality}, rebuilt",
            )
        said = ", ".join(
            f"{one.modality} {one.distance:.1f} / {one.distance_of_others:.1f}" for one in of_model
        )
        axes.set_title(f"{model}\nd: {said}", fontsize=9, loc="left")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2 * columns, frameon=False)
    return figure
