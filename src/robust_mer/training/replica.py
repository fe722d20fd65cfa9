"""What one replica (a fold and a seed) trains on: its rows, statistics, corruption and draws."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch

from robust_mer.corruption.draws import FreshDraws
from robust_mer.corruption.names import (
    CLEAN,
    NONE,
    conditions,
    parse_corruption,
    partial_conditions,
)
from robust_mer.corruption.noise import Noise, add_noise, evaluation_noise, make_noise
from robust_mer.data import Normaliser
from robust_mer.errors import InputError
from robust_mer.training.frames import Frames, Normalise


def replica_seed(seed: int, fold: int, purpose: str) -> int:
    """Seed of one source of randomness in a replica, a function of the replica's own key alone."""
    digest = hashlib.sha256(f"{seed}\0{fold}\0{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


@dataclass(frozen=True)
class CorruptionOfFold:
    """How a fold is corrupted: noise and abar per modality; no noise where nothing is."""

    name: str  # of the noise type
    noise: Noise | None
    alpha_bar: dict[str, float]
    seed: int  # of the noise in evaluation


NO_CORRUPTION = CorruptionOfFold(CLEAN, None, {}, 0)


def corruption_of_fold(
    corruption: str,
    noise: dict | None,
    alpha_bars: dict[tuple[int, str], float],
    fold: int,
    modalities: list[str],
) -> CorruptionOfFold:
    """How a corruption meets a fold.

    Args:
        corruption: Its name.
        noise: ``implementation``, ``settings`` and ``seed``; None for ``clean``.
        alpha_bars: abar by (fold, modality) from its schedule.
        fold: Which fold.
        modalities: Those in use.
    """
    if noise is None:
        return NO_CORRUPTION
    return CorruptionOfFold(
        parse_corruption(corruption).noise,
        make_noise(noise["implementation"], noise["settings"]),
        {modality: alpha_bars[fold, modality] for modality in modalities},
        noise["seed"],
    )


@dataclass(frozen=True)
class Replica:
    """A fold and a seed of one model on one corruption."""

    fold: int
    seed: int
    parts: dict[str, np.ndarray]  # rows of the corpus, by part
    normalisers: dict[str, Normaliser]
    corruption: CorruptionOfFold
    conditions: np.ndarray  # to draw from in training: bool [conditions, modalities], True = clean


@dataclass(frozen=True)
class EpochDraws:
    """What a replica draws for an epoch, a function of its own key and the epoch alone.

    ``order`` holds places in the training part, ``is_clean`` [n, modalities] the condition of each
    sample in that order, and ``keys`` [steps, sites, 2] those of the model's own draws.
    """

    order: np.ndarray
    is_clean: np.ndarray
    keys: np.ndarray
    noise: FreshDraws

    @classmethod
    def of(
        cls, replica: Replica, epoch: int, batch_size: int, sites: int, device: torch.device
    ) -> "EpochDraws":
        """Draw for an epoch of a model that has so many sites."""
        draws = np.random.default_rng(replica_seed(replica.seed, replica.fold, f"epoch {epoch}"))
        utterances = len(replica.parts["train"])
        order = draws.permutation(utterances)
        is_clean = replica.conditions[draws.integers(len(replica.conditions), size=utterances)]
        steps = -(-utterances // batch_size)
        keys = draws.integers(-(1 << 31), 1 << 31, size=(steps, sites, 2), dtype=np.int32)
        generator = torch.Generator(device).manual_seed(
            replica_seed(replica.seed, replica.fold, f"noise {epoch}")
        )
        return cls(order, is_clean, keys, FreshDraws(generator))


def evaluation_frames(
    frames: dict[str, Frames],
    normalisers: dict[str, Normaliser],
    utterances: list[str],
    rows: np.ndarray,
    part: str,
    corruption: CorruptionOfFold,
) -> dict[str, Frames]:
    """A part's frames, normalised, with evaluation noise on them; places count within the part."""
    of_part = {}
    for modality, some in frames.items():
        device = some.values.device
        values = Normalise.on(device, normalisers[modality])(some.take(rows))
        length = some.length[rows]
        if corruption.noise is not None and len(values):
            noise = evaluation_noise(
                corruption.noise,
                corruption.name,
                corruption.seed,
                part,
                modality,
                [utterances[row] for row in rows],
                length.tolist(),
                values.shape[1],
            )
            values = add_noise(values, noise.to(device), corruption.alpha_bar[modality])
        of_part[modality] = Frames(values, length.cumsum() - length, length)
    return of_part


def training_conditions(modalities: list[str], which: str) -> np.ndarray:
    """The conditions that training draws from: bool [conditions, modalities], True = clean.

    Args:
        modalities: In their order.
        which: ``partial`` (some noisy; the six of three modalities), ``none`` (all noisy) or
            ``clean``.
    """
    if which == NONE:
        chosen = [conditions(modalities)[NONE]]
    elif which == CLEAN:
        chosen = [(True,) * len(modalities)]
    else:
        chosen = list(partial_conditions(modalities).values())
        if not chosen:
            raise InputError(
                f"with {modalities} alone no condition has some modalities clean and some noisy; "
                "train on conditions: [none] or on clean"
            )
    return np.array(chosen)
