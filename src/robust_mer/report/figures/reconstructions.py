"""Representations that a model rebuilt beside the true ones (CM-ARR, Figure 5)."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from robust_mer.data import Corpus, read_corpus
from robust_mer.engine.checkpoint import load_checkpoint
from robust_mer.engine.corruption import NO_CORRUPTION, evaluation_frames
from robust_mer.engine.frames import load_frames
from robust_mer.engine.nets import Nets
from robust_mer.engine.predict import PaddedPart, embed
from robust_mer.errors import InputError
from robust_mer.files import write_text
from robust_mer.report.figures.base import write_picture
from robust_mer.report.figures.clouds import SAMPLES, Cloud, lay_out, points_of
from robust_mer.report.figures.panels import Panels
from robust_mer.report.spec import DrawnFiles, ReconstructionsSpec
from robust_mer.report.words import figures as words
from robust_mer.runtime import Runtime


@dataclass(frozen=True)
class Rebuilt:
    """True and rebuilt points [n, 2] of a modality, and distances between the representations."""

    model: str
    modality: str
    true: np.ndarray
    rebuilt: np.ndarray
    distance: float  # mean, of every rebuilt point to its own true one
    distance_of_others: float  # mean, of every true point to those of other utterances


@dataclass(frozen=True, kw_only=True)
class ReconstructionsFiles(DrawnFiles):
    """What `draw_reconstructions` reads and writes."""

    utterances: Path
    folds: Path
    features: list[Path]
    """One per modality of the spec, in their order."""
    checkpoints: list[Path]
    """One per name of the spec: replicas of one fold that rebuild what is missing."""
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
    write_picture(experiment, _picture(rebuilt), words.ABOUT_RECONSTRUCTIONS, files, runtime)


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
    rows = np.random.default_rng(0).permutation(corpus.parts[facts["fold"]]["test"])[:SAMPLES]
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
    places = iter(lay_out([both.numpy() for pair in pairs.values() for both in pair]))
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


def _picture(results: list[Rebuilt]) -> Panels:
    """A panel per model."""
    series = {name: place for place, name in enumerate(dict.fromkeys(r.modality for r in results))}
    panels = []
    for model in dict.fromkeys(one.model for one in results):
        of_model = [one for one in results if one.model == model]
        distances = (
            f"{one.modality} {one.distance:.1f} / {one.distance_of_others:.1f}" for one in of_model
        )
        kinds = [
            (name, one.modality, series[one.modality], dash, points)
            for one in of_model
            for name, dash, points in (
                (one.modality, 0, one.true),
                (words.rebuilt(one.modality), 1, one.rebuilt),
            )
        ]
        panels.append(
            Cloud(words.rebuilt_panel(model, ", ".join(distances)), points_of(kinds), 3.6)
        )
    return Panels(panels, 3, series, {"line": words.REPRESENTATION})
