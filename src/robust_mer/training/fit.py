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
    """Fit a model to a replica's training part, every utterance under every training condition.

    Its noise is drawn once, from the replica's own seed.

    Returns:
        The history, of one row.
    """
    noise = replace(
        replica.corruption, seed=replica_seed(replica.seed, replica.fold, "noise of a fit")
    )
    train, label = _received(model, replica, corpus, frames, "train", noise)
    held_out, held_out_label = _received(
        model, replica, corpus, frames, "validation", replica.corruption
    )
    reached = model.fit(train, label, held_out, held_out_label)
    return [{"epoch": 1, "validation_ua": reached}]


def _received(
    model: FittedModel,
    replica: Replica,
    corpus: Corpus,
    frames: dict[str, Frames],
    part: str,
    corruption: CorruptionOfFold,
) -> tuple[dict[str, Tensor], Tensor]:
    rows = replica.parts[part]
    net = Nets([model], torch.device("cpu"))
    clean, noisy = (
        embed(
            net,
            PaddedPart.of(
                [evaluation_frames(frames, replica.normalisers, corpus.utterances, rows, part, how)]
            ),
        )
        for how in (NO_CORRUPTION, corruption)
    )
    received = [combine(clean, noisy, is_clean)[0] for is_clean in replica.conditions]
    label = torch.from_numpy(corpus.label[rows]).repeat(len(received))
    return {m: torch.cat([some[m][0] for some in received]) for m in clean}, label
