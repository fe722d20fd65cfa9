"""What one replica (a fold and a seed) trains on: its rows, statistics, corruption and draws."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from robust_mer.corruption.draws import FreshDraws, send
from robust_mer.corruption.noise import Noise, add_noise, build_noise, evaluation_noise
from robust_mer.data import Normaliser
from robust_mer.errors import InputError
from robust_mer.protocol import CLEAN, NONE, PARTIAL, Corruption, conditions, partial_conditions
from robust_mer.training.frames import Frames, Normalise


def replica_seed(seed: int, fold: int, purpose: str) -> int:
    """Seed of one source of randomness in a replica, a function of the replica's own key alone."""
    digest = hashlib.sha256(f"{seed}\0{fold}\0{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


@dataclass(frozen=True)
class CorruptionOfModality:
    """What is done to the frames of a modality in a fold."""

    kind: str
    noise: Noise
    alpha_bar: float | None  # None: what is drawn is not added, it multiplies the frames


@dataclass(frozen=True)
class CorruptionOfFold:
    """How a fold is corrupted; ``modalities`` holds those that are touched, if any."""

    modalities: dict[str, CorruptionOfModality]
    seed: int  # of the noise in evaluation


NO_CORRUPTION = CorruptionOfFold({}, 0)


def corruption_of_fold(
    corruption: Corruption, alpha_bars: dict[tuple[int, str], float], fold: int
) -> CorruptionOfFold:
    """How a corruption of features meets a fold.

    Args:
        corruption: Which; one that draws nothing may lack the seed.
        alpha_bars: abar by (fold, modality) from its schedule.
        fold: Which fold.
    """
    return CorruptionOfFold(
        {
            modality: CorruptionOfModality(
                spec.kind,
                build_noise(spec),
                None if spec.is_mask else alpha_bars[fold, modality],
            )
            for modality, spec in corruption.noises.items()
        },
        corruption.seed or 0,
    )


@dataclass(frozen=True)
class Replica:
    """A fold and a seed of one model on one corruption, or on several by turns.

    Training draws one of ``corruptions`` per sample and then one of its conditions. Those of each
    corruption are bool [conditions, modalities], True where a modality is clean.
    """

    fold: int
    seed: int
    parts: dict[str, np.ndarray]  # rows of the corpus, by part
    normalisers: dict[str, Normaliser]
    corruptions: list[CorruptionOfFold]
    conditions: list[np.ndarray]


@dataclass(frozen=True)
class EpochDraws:
    """What a replica draws for an epoch, a function of its own key and the epoch alone.

    ``order`` holds places in the training part; in that order ``corruption`` [n] says which of the
    replica's each sample meets, and ``is_clean`` [n, modalities] under which condition. ``keys``
    [steps, sites, 2] are those of the model's own draws.
    """

    order: np.ndarray
    corruption: np.ndarray
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
        counts = np.array([len(some) for some in replica.conditions])
        corruption = draws.integers(len(counts), size=utterances)
        condition = (counts.cumsum() - counts)[corruption] + draws.integers(counts[corruption])
        is_clean = np.concatenate(replica.conditions)[condition]
        steps = -(-utterances // batch_size)
        keys = draws.integers(-(1 << 31), 1 << 31, size=(steps, sites, 2), dtype=np.int32)
        generator = torch.Generator(device).manual_seed(
            replica_seed(replica.seed, replica.fold, f"noise {epoch}")
        )
        return cls(order, corruption, is_clean, keys, FreshDraws(generator))


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
        how = corruption.modalities.get(modality)
        if how is not None and len(values):
            drawn = evaluation_noise(
                how.noise,
                how.kind,
                corruption.seed,
                part,
                modality,
                [utterances[row] for row in rows],
                length,
                values.shape[1],
            ).to(device)
            if how.alpha_bar is None:
                values = values * drawn
            else:
                values = add_noise(values, drawn, how.alpha_bar)
        of_part[modality] = Frames(values, length.cumsum() - length, length)
    return of_part


def corrupt_afresh(
    values: Tensor,
    lengths: np.ndarray,
    corruption: np.ndarray,
    corruptions: list[CorruptionOfModality | None],
    draws: FreshDraws,
) -> Tensor:
    """Frames [n, D] of a modality of some training utterances, with new noise on them.

    Args:
        values: The clean frames, one utterance after the other; they may be overwritten.
        lengths: How many of them each utterance has.
        corruption: Which of ``corruptions`` each utterance meets.
        corruptions: What each does to the modality; None where it does not touch it. Those with the
            same noise are drawn in one go.
        draws: Where the random numbers come from.
    """
    places: dict[str, list[int]] = {}
    for place in np.unique(corruption).tolist():
        places.setdefault(corruptions[place].noise.key, []).append(place)
    alpha_bar = np.array([(how and how.alpha_bar) or 0.0 for how in corruptions])[corruption]
    for same in places.values():
        chosen = np.isin(corruption, same)
        some = lengths[chosen]
        part, frames = values, None
        if not chosen.all():
            frames = send(np.repeat(chosen, lengths).nonzero()[0], values.device)
            part = values.index_select(0, frames)
        drawn = corruptions[same[0]].noise(some, values.shape[1], draws)
        if corruptions[same[0]].alpha_bar is None:
            part = part * drawn
        elif len(same) == 1:
            part = add_noise(part, drawn, corruptions[same[0]].alpha_bar)
        else:
            part = add_noise(part, drawn, np.repeat(alpha_bar[chosen], some))
        if frames is None:
            return part
        values.index_copy_(0, frames, part)
    return values


def training_conditions(
    modalities: list[str], which: str, touched: Collection[str] | None = None
) -> np.ndarray:
    """The conditions that training draws from: bool [conditions, modalities], True = clean.

    Args:
        modalities: In their order.
        which: ``partial`` (some noisy; the six of three modalities), ``none`` (all noisy) or
            ``clean``.
        touched: The modalities that the corruption touches; None: all.
    """
    if which == CLEAN:
        return np.ones((1, len(modalities)), bool)
    if which == NONE:
        chosen = [clean for clean in conditions(modalities, touched).values() if not any(clean)]
    else:
        chosen = list(partial_conditions(modalities, touched).values())
    if not chosen:
        raise InputError(
            f"of {modalities} the corruption touches {sorted(touched or modalities)}: no condition "
            f"is {which} ({PARTIAL}: some modalities are clean and some are not, {NONE}: none is "
            "clean)"
        )
    return np.array(chosen)
