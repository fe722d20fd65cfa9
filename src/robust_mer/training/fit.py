"""Fitting a replica of a model that has no epochs (majority, logistic regression)."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from robust_mer.data import LabelledCorpus
from robust_mer.engine.corruption import NO_CORRUPTION, CorruptionOfFold, evaluation_frames
from robust_mer.engine.frames import Frames
from robust_mer.engine.nets import Nets
from robust_mer.engine.predict import PaddedPart, combine, embed
from robust_mer.engine.replica import ReplicaData, TrainingConditions, replica_seed
from robust_mer.models.fitted import Embedded, FittedModel
from robust_mer.protocols.protocol import places_drawn


def fit_replica(
    model: FittedModel, replica: ReplicaData, corpus: LabelledCorpus, frames: dict[str, Frames]
) -> float:
    """Fit a model to a replica's training part.

    Every utterance is used once under every training corruption and condition, weighted by the
    probability that training draws them with; or once under every corruption if conditions differ
    between utterances.
    The noise is drawn once, with a seed of the replica; corrupted recordings are those of draw 1.

    Returns:
        The selection metric on the validation part.
    """
    seed = replica_seed(replica.seed, replica.fold, "noise of a fit")
    drawn_once = [replace(corruption, seed=seed) for corruption in replica.corruptions]
    train = _received(model, replica, corpus, frames, "train", drawn_once)
    held_out = _received(model, replica, corpus, frames, "validation", replica.corruptions)
    return model.fit(train, held_out)


def _received(
    model: FittedModel,
    replica: ReplicaData,
    corpus: LabelledCorpus,
    frames: dict[str, Frames],
    part: str,
    corruptions: list[CorruptionOfFold],
) -> Embedded:
    """A part under every corruption and condition."""
    rows = replica.parts[part]
    net = Nets([model], torch.device("cpu"))

    def embedded(corruption: CorruptionOfFold) -> dict[str, Tensor]:
        values = evaluation_frames(
            frames, replica.normalisers, corpus.utterances, rows, part, corruption
        )
        return embed(net, PaddedPart.of([values]))

    clean = embedded(NO_CORRUPTION)
    received, shares = [], []
    for corruption, conditions in zip(corruptions, replica.conditions, strict=True):
        noisy = embedded(corruption)
        if conditions.differ:
            received.append(_received_once(clean, noisy, conditions, rows, replica))
            shares.append(np.ones(1))
        else:
            received += [combine(clean, noisy, is_clean)[0] for is_clean in conditions.is_clean]
            (likely,) = conditions.weights_of(rows[:1])
            shares.append(likely / likely.sum())
    target = torch.cat([torch.from_numpy(corpus.target[rows])] * len(received))
    # A network draws each corruption equally often, however many conditions it has.
    weights = np.concatenate(shares) * len(received) / len(shares)
    return Embedded(
        {m: torch.cat([embeddings[m][0] for embeddings in received]) for m in clean},
        target,
        None if np.allclose(weights, 1.0) else np.repeat(weights, len(rows)),
    )


def _received_once(
    clean: dict[str, Tensor],
    noisy: dict[str, Tensor],
    conditions: TrainingConditions,
    rows: np.ndarray,
    replica: ReplicaData,
) -> dict[str, Tensor]:
    """Embeddings [1, n, E] of utterances that each have conditions of their own: one is drawn."""
    draws = np.random.default_rng(replica_seed(replica.seed, replica.fold, "conditions"))
    drawn = places_drawn(conditions.weights_of(rows), draws.random(len(rows)))
    is_clean = torch.from_numpy(conditions.is_clean[drawn])
    return {
        modality: torch.where(is_clean[:, place, None], clean[modality], noisy[modality])
        for place, modality in enumerate(clean)
    }
