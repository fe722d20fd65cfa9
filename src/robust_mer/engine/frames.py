"""Frames on a device: gathered by utterance, normalised, corrupted, padded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from robust_mer.corruption.draws import send
from robust_mer.data import Corpus, Normaliser
from robust_mer.store import Features


@dataclass(frozen=True)
class Frames:
    """Frames of one modality for several utterances, one after the other.

    ``values`` is [frames, D]; utterance i has ``length[i]`` of them, the first at ``start[i]``.
    ``start`` and ``length`` are on the CPU.
    """

    values: Tensor
    start: np.ndarray
    length: np.ndarray

    def take(self, rows: np.ndarray) -> Tensor:
        """The frames [n, D] of the utterances ``rows``, one after the other."""
        length = self.length[rows]
        ends = length.cumsum()
        place = np.repeat(self.start[rows] - ends + length, length)
        place += np.arange(len(place))
        return self.values.index_select(0, send(place, self.values.device))


@dataclass(frozen=True)
class Normalise:
    """A `Normaliser` on a device."""

    mean: Tensor
    deviation: Tensor

    @classmethod
    def on(cls, device: torch.device, normaliser: Normaliser) -> "Normalise":
        """The normaliser's statistics, moved to a device."""
        return cls(
            torch.from_numpy(normaliser.mean).to(device),
            torch.from_numpy(normaliser.deviation).to(device),
        )

    def __call__(self, values: Tensor) -> Tensor:
        """Normalise frames [n, D] in place."""
        return values.sub_(self.mean).div_(self.deviation)


def load_frames(
    corpus: Corpus,
    device: torch.device,
    corrupted: Mapping[str, Sequence[Features]] = MappingProxyType({}),
) -> dict[str, Frames]:
    """All frames of a corpus, as extracted, on a device, by modality.

    Args:
        corpus: With N utterances.
        device: For the frames.
        corrupted: Further features of these utterances, by modality. The first file's rows begin at
            N, those of the second at 2 N, and so on.
    """
    return {
        modality: load_stores([store, *corrupted.get(modality, [])], device)
        for modality, store in corpus.features.items()
    }


def load_stores(stores: Sequence[Features], device: torch.device) -> Frames:
    """All frames of some feature files, one after the other, as extracted, on a device."""
    parts = [torch.from_numpy(store.values).to(device) for store in stores]
    begin = np.cumsum([0, *map(len, parts)])
    return Frames(
        parts[0] if len(parts) == 1 else torch.cat(parts),
        np.concatenate([s.offsets[:-1] + b for s, b in zip(stores, begin[:-1], strict=True)]),
        np.concatenate([np.diff(store.offsets) for store in stores]),
    )


def pad(values: Tensor, length: np.ndarray, longest: int | None = None) -> Tensor:
    """Frames [n, D] of utterances with ``length`` [...] frames each, zero-padded to [..., T, D].

    T is ``longest``; by default that of the longest utterance.
    """
    longest = int(length.max(initial=0)) if longest is None else longest
    real = np.arange(longest) < length[..., None]
    padded = values.new_zeros(real.size, values.shape[1])
    place = send(real.ravel().nonzero()[0], values.device)
    return padded.index_copy_(0, place, values).view(*real.shape, values.shape[1])
