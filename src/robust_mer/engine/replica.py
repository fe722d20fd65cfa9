"""What one replica (a fold and a seed) trains on: its rows, statistics, corruption and draws."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch

from robust_mer.corruption.draws import FreshDraws
from robust_mer.data import Normaliser
from robust_mer.engine.corruption import CorruptionOfFold
from robust_mer.errors import InputError
from robust_mer.protocol import Corruption, Protocol


def replica_seed(seed: int, fold: int, purpose: str) -> int:
    """Seed of one source of randomness in a replica, a function of the replica's own key alone."""
    digest = hashlib.sha256(f"{seed}\0{fold}\0{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


@dataclass(frozen=True)
class TrainingConditions:
    """The conditions that the samples of a corruption meet in training."""

    is_clean: np.ndarray
    """bool [conditions, modalities]."""
    weights: np.ndarray | None = None
    """Probability of each [conditions]; None where all are equally likely."""

    def __len__(self) -> int:
        return len(self.is_clean)


def training_conditions(
    modalities: list[str], protocol: Protocol, corruption: Corruption
) -> TrainingConditions:
    """The conditions that training draws from.

    Args:
        modalities: In their order.
        protocol: Which conditions it meets. A corruption that touches nothing has only one.
        corruption: What is done to the modalities.

    Raises:
        InputError: the protocol has no condition for this corruption.
    """
    if not corruption.touched:
        return TrainingConditions(np.ones((1, len(modalities)), bool))
    conditions = protocol.conditions(modalities, corruption.touched)
    if not conditions:
        raise InputError(
            f"{corruption.name} corrupts {', '.join(corruption.touched)} of "
            f"{', '.join(modalities)}: {type(protocol).__name__} has no training condition for it"
        )
    return TrainingConditions(np.array(list(conditions.values())), protocol.weights(conditions))


@dataclass(frozen=True)
class ReplicaData:
    """What a replica trains on: one corruption, or several by turns.

    Training draws one of ``corruptions`` per sample and then one of the ``conditions`` of that.
    """

    fold: int
    seed: int
    parts: dict[str, np.ndarray]
    """Rows of the corpus, by part."""
    normalisers: dict[str, Normaliser]
    corruptions: list[CorruptionOfFold]
    conditions: list[TrainingConditions]
    """Of each corruption."""

    def __str__(self) -> str:
        return f"fold {self.fold}, seed {self.seed}"


@dataclass(frozen=True)
class EpochDraws:
    """What a replica draws for an epoch, a function of its own key and the epoch alone."""

    order: np.ndarray
    """Places in the training part [n]."""
    corruption: np.ndarray
    """Which of the replica's corruptions each sample meets, in that order [n]."""
    is_clean: np.ndarray
    """Under which condition: bool [n, modalities]."""
    keys: np.ndarray
    """Of the model's own draws: int32 [steps, sites, 2]."""
    noise: FreshDraws

    @classmethod
    def of(
        cls, replica: ReplicaData, epoch: int, batch_size: int, sites: int, device: torch.device
    ) -> "EpochDraws":
        """Draw for an epoch of a model in which ``sites`` places draw random numbers."""
        draws = np.random.default_rng(replica_seed(replica.seed, replica.fold, f"epoch {epoch}"))
        utterances = len(replica.parts["train"])
        order = draws.permutation(utterances)
        corruption = draws.integers(len(replica.conditions), size=utterances)
        is_clean = _draw_conditions(draws, replica.conditions, corruption)
        steps = -(-utterances // batch_size)
        keys = draws.integers(-(1 << 31), 1 << 31, size=(steps, sites, 2), dtype=np.int32)
        generator = torch.Generator(device).manual_seed(
            replica_seed(replica.seed, replica.fold, f"noise {epoch}")
        )
        return cls(order, corruption, is_clean, keys, FreshDraws(generator))


def _draw_conditions(
    draws: np.random.Generator, conditions: list[TrainingConditions], corruption: np.ndarray
) -> np.ndarray:
    """A condition of each sample's corruption [n]: bool [n, modalities].

    Integers where all conditions are equally likely; otherwise the inverse of the distribution
    function.
    """
    counts = np.array([len(some) for some in conditions])
    if all(some.weights is None for some in conditions):
        own = draws.integers(counts[corruption])
    else:
        uniform, own = draws.random(len(corruption)), np.zeros(len(corruption), np.int64)
        for place, some in enumerate(conditions):
            weights = np.ones(len(some)) if some.weights is None else np.asarray(some.weights)
            ends = (weights / weights.sum()).cumsum()[:-1]
            chosen = corruption == place
            own[chosen] = np.searchsorted(ends, uniform[chosen], side="right")
    table = np.concatenate([some.is_clean for some in conditions])
    is_clean: np.ndarray = table[(counts.cumsum() - counts)[corruption] + own]
    return is_clean
