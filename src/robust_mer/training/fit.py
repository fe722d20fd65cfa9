"""Fitting a replica of a model that has no epochs (majority, logistic regression)."""

from dataclasses import replace

import torch
from torch import Tensor

from robust_mer.data import Corpus
from robust_mer.models.fitted import FittedModel
from robust_mer.training.frames import Frames
from robust_mer.training.nets import Nets
from robust_mer.training.predict import PaddedPart, combine, embed
from robust_mer.training.replica import (
    NO_CORRUPTION,
    CorruptionOfFold,
    Replica,
    evaluation_frames,
    replica_seed,
)


def fit_replica(
    model: FittedModel, replica: Replica, corpus: Corpus, frames: dict[str, Frames]
) -> list[dict]:
    """Fit a model to a replica's training part.

    It meets every utterance under every corruption and condition that it is trained under.

    Its noise is drawn once, from the replica's own seed.

    Returns:
        The history, of one row.
    """
    seed = replica_seed(replica.seed, replica.fold, "noise of a fit")
    own = [replace(corruption, seed=seed) for corruption in replica.corruptions]
    train, label = _received(model, replica, corpus, frames, "train", own)
    held_out, held_out_label = _received(
        model, replica, corpus, frames, "validation", replica.corruptions
    )
    reached = model.fit(train, label, held_out, held_out_label)
    return [{"epoch": 1, "validation_ua": reached}]


def _received(
    model: FittedModel,
    replica: Replica,
    corpus: Corpus,
    frames: dict[str, Frames],
    part: str,
    corruptions: list[CorruptionOfFold],
) -> tuple[dict[str, Tensor], Tensor]:
    rows = replica.parts[part]
    net = Nets([model], torch.device("cpu"))

    def embedded(how: CorruptionOfFold) -> dict[str, Tensor]:
        values = evaluation_frames(frames, replica.normalisers, corpus.utterances, rows, part, how)
        return embed(net, PaddedPart.of([values]))

    clean = embedded(NO_CORRUPTION)
    received = []
    for corruption, conditions in zip(corruptions, replica.conditions, strict=True):
        noisy = embedded(corruption)
        received += [combine(clean, noisy, is_clean)[0] for is_clean in conditions]
    label = torch.from_numpy(corpus.label[rows]).repeat(len(received))
    return {m: torch.cat([some[m][0] for some in received]) for m in clean}, label
