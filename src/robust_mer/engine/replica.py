"""The data of one replica (a fold and a seed): rows, statistics, corruption and draws."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch

from robust_mer.conditions import Corruption, conditions
from robust_mer.corruption.draws import FreshDraws
from robust_mer.corruption.levels import DRAWS
from robust_mer.data import Normaliser
from robust_mer.engine.corruption import CorruptionOfFold
from robust_mer.errors import InputError
from robust_mer.protocols.protocol import Protocol, places_drawn


def replica_seed(seed: int, fold: int, purpose: str) -> int:
    """Seed of one source of randomness in a replica, a function of the arguments only."""
    digest = hashlib.sha256(f"{seed}\0{fold}\0{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


@dataclass(frozen=True)
class TrainingConditions:
    """The training conditions of a corruption."""

    is_clean: np.ndarray
    """bool [conditions, modalities]."""
    weights: np.ndarray | None = None
    """Probability of each [conditions], or for each of the corpus' utterances [N, conditions];
    None if all are equally likely."""
    is_per_batch: bool = False
    """Whether all samples of a batch have the same one."""

    def __len__(self) -> int:
        return len(self.is_clean)

    @property
    def differ(self) -> bool:
        """Whether probabilities differ between utterances."""
        return self.weights is not None and self.weights.ndim == 2

    def weights_of(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities for the utterances in ``rows`` [n or 1, conditions]."""
        if self.weights is None:
            return np.ones((1, len(self)))
        return self.weights[rows] if self.differ else self.weights[None]


def training_conditions(
    modalities: list[str],
    protocol: Protocol,
    corruption: Corruption,
    is_present: np.ndarray | None = None,
) -> TrainingConditions:
    """The conditions that training draws from.

    Args:
        modalities: In their order.
        protocol: Says how likely each is. A corruption that touches nothing has only one.
        corruption: The corruption.
        is_present: Whether each of the corpus' utterances has frames, bool [N, modalities]; None if
            the protocol does not need it.

    Raises:
        InputError: the protocol has no condition for this corruption.
    """
    if not corruption.touched:
        return TrainingConditions(np.ones((1, len(modalities)), bool))
    probability = protocol.distribution(modalities, corruption.touched)
    if not probability:
        raise InputError(
            f"{corruption.name} corrupts {', '.join(corruption.touched)} of "
            f"{', '.join(modalities)}: {type(protocol).__name__} has no training condition for it"
        )
    every = conditions(modalities)
    is_clean = np.array([every[name] for name in probability])
    if protocol.needs_presence:
        assert is_present is not None
        weights = protocol.of_utterances(modalities, corruption.touched, is_present)
        return TrainingConditions(is_clean, weights, protocol.is_per_batch)
    weights = np.array(list(probability.values()))
    return TrainingConditions(
        is_clean, None if (weights == weights[0]).all() else weights, protocol.is_per_batch
    )


@dataclass(frozen=True)
class ReplicaData:
    """The data of a replica.

    Training draws one of ``corruptions`` per sample and then one of that corruption's
    ``conditions``.
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
    """The random draws of a replica for an epoch, a function of fold, seed and epoch only."""

    order: np.ndarray
    """Places in the training part [n]."""
    corruption: np.ndarray
    """Place of each sample's corruption in the replica's, in that order [n]."""
    is_clean: np.ndarray
    """Each sample's condition: bool [n, modalities]."""
    keys: np.ndarray
    """Of the draws inside the model: int32 [steps, sites, 2]."""
    noise: FreshDraws
    recording: np.ndarray
    """Picks the draw of each sample's corrupted recordings: uniform in [0, 1), [n, modalities]."""
    level: np.ndarray
    """Decides each sample's SNR within a range: uniform in [0, 1), [n, modalities, DRAWS]."""

    @classmethod
    def of(
        cls, replica: ReplicaData, epoch: int, batch_size: int, sites: int, device: torch.device
    ) -> "EpochDraws":
        """Draw for an epoch of a model with ``sites`` places that draw random numbers."""
        draws = np.random.default_rng(replica_seed(replica.seed, replica.fold, f"epoch {epoch}"))
        utterances = len(replica.parts["train"])
        order = draws.permutation(utterances)
        corruption = draws.integers(len(replica.conditions), size=utterances)
        rows = replica.parts["train"][order]
        is_clean = _draw_conditions(draws, replica.conditions, corruption, rows, batch_size)
        steps = -(-utterances // batch_size)
        keys = draws.integers(-(1 << 31), 1 << 31, size=(steps, sites, 2), dtype=np.int32)
        generator = torch.Generator(device).manual_seed(
            replica_seed(replica.seed, replica.fold, f"noise {epoch}")
        )
        # A generator of its own, so that nothing else depends on it.
        recordings = np.random.default_rng(
            replica_seed(replica.seed, replica.fold, f"recordings {epoch}")
        )
        recording = recordings.random(is_clean.shape)
        levels = np.random.default_rng(replica_seed(replica.seed, replica.fold, f"levels {epoch}"))
        level = levels.random((*is_clean.shape, DRAWS))
        return cls(order, corruption, is_clean, keys, FreshDraws(generator), recording, level)


def _draw_conditions(
    draws: np.random.Generator,
    conditions: list[TrainingConditions],
    corruption: np.ndarray,
    rows: np.ndarray,
    batch_size: int,
) -> np.ndarray:
    """A condition of each sample's corruption [n]: bool [n, modalities].

    Integers where all conditions are equally likely; otherwise the inverse of the distribution
    function.
    """
    counts = np.array([len(each) for each in conditions])
    is_per_batch = any(each.is_per_batch for each in conditions)
    if all(each.weights is None for each in conditions) and not is_per_batch:
        choice = draws.integers(counts[corruption])
    else:
        uniform, choice = draws.random(len(corruption)), np.zeros(len(corruption), np.int64)
        if is_per_batch:  # that of the batch's first sample
            uniform = uniform[np.arange(len(uniform)) // batch_size * batch_size]
        for place, each in enumerate(conditions):
            is_chosen = corruption == place
            weights = each.weights_of(rows[is_chosen])
            choice[is_chosen] = places_drawn(weights, uniform[is_chosen])
    table = np.concatenate([each.is_clean for each in conditions])
    is_clean: np.ndarray = table[(counts.cumsum() - counts)[corruption] + choice]
    return is_clean
