"""The data of one replica (a fold and a seed) on its device: normalised, corrupted, in batches."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from robust_mer.corruption.names import (
    CLEAN,
    NONE,
    conditions,
    parse_corruption,
    partial_conditions,
)
from robust_mer.corruption.noise import Noise, add_noise, evaluation_noise, make_noise
from robust_mer.data import Corpus, Normaliser
from robust_mer.errors import InputError


def replica_seed(seed: int, fold: int, purpose: str) -> int:
    """Seed of one source of randomness in a replica, a function of the replica's own key alone."""
    digest = hashlib.sha256(f"{seed}\0{fold}\0{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


@dataclass
class Frames:
    """Frames of one modality for all utterances, one after the other, on a device.

    ``values`` is [frames, D]; utterance i has ``length[i]`` of them from ``start[i]`` on.
    """

    values: Tensor
    start: Tensor
    length: Tensor

    def gather(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Frames of some utterances, padded with zeros [B, T, D], and their lengths [B]."""
        length = self.length[rows]
        time = torch.arange(int(length.max()), device=rows.device)
        real = time < length[:, None]
        place = torch.where(real, self.start[rows][:, None] + time, 0)
        return self.values[place] * real[..., None], length


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


def normalised_frames(
    corpus: Corpus, normalisers: dict[str, Normaliser], device: torch.device
) -> dict[str, Frames]:
    """All frames of a corpus, normalised with a fold's statistics, on a device."""
    frames = {}
    for modality, store in corpus.features.items():
        values = normalisers[modality](store.values).astype(np.float32)
        frames[modality] = Frames(
            torch.from_numpy(values).to(device),
            torch.from_numpy(store.offsets[:-1].copy()).to(device),
            torch.from_numpy(np.diff(store.offsets)).to(device),
        )
    return frames


def corrupted_part(
    frames: dict[str, Frames],
    utterances: list[str],
    rows: np.ndarray,
    part: str,
    corruption: CorruptionOfFold,
) -> dict[str, Frames]:
    """A part's frames with evaluation noise on them; places count within the part."""
    twin = {}
    for modality, clean in frames.items():
        device = clean.values.device
        picked = torch.as_tensor(rows, device=device)
        length = clean.length[picked]
        start = length.cumsum(0) - length
        source = torch.repeat_interleave(clean.start[picked] - start, length)
        values = clean.values[source + torch.arange(int(length.sum()), device=device)]
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
        twin[modality] = Frames(values, start, length)
    return twin


def training_conditions(modalities: list[str], which: str) -> Tensor:
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
    return torch.tensor(chosen)


def selection_conditions(modalities: list[str], which: str) -> list[tuple[bool, ...]]:
    """The conditions over which a model is selected: those it is trained under."""
    return [tuple(row.tolist()) for row in training_conditions(modalities, which)]
