"""Running models: every modality is encoded once clean and once corrupted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from robust_mer.engine.frames import Frames, pad
from robust_mer.engine.nets import Nets

_CHUNK = 256
_Chunk = tuple[Tensor, Tensor, Tensor]
"""Places [R, b], frames [R, b, T, D] and lengths [R, b]."""


@dataclass(frozen=True)
class PaddedPart:
    """A part of every replica's corpus, padded once for use in every epoch.

    Each replica's utterances are sorted by length, which keeps padding short. A part that is
    smaller than another replica's is filled up with utterances without frames.
    """

    chunks: dict[str, list[_Chunk]]
    """Per modality."""
    utterances: int
    """Of the largest part."""

    @classmethod
    def of(cls, parts: list[dict[str, Frames]]) -> "PaddedPart":
        """Pad the parts of R replicas."""
        utterances = max(len(frames.length) for part in parts for frames in part.values())
        chunks = {
            modality: [
                _chunk([part[modality] for part in parts], first, utterances)
                for first in range(0, utterances, _CHUNK)
            ]
            for modality in parts[0]
        }
        return cls(chunks, utterances)

    def silent(self) -> "PaddedPart":
        """The same utterances with zeros instead of frames."""
        chunks = {
            modality: [(places, torch.zeros_like(f), lengths) for places, f, lengths in chunks]
            for modality, chunks in self.chunks.items()
        }
        return PaddedPart(chunks, self.utterances)


def _chunk(parts: list[Frames], first: int, utterances: int) -> _Chunk:
    width = min(_CHUNK, utterances - first)
    places = np.full((len(parts), width), utterances)
    length = np.zeros((len(parts), width), dtype=np.int64)
    values = []
    for replica, frames in enumerate(parts):
        rows = frames.length.argsort(kind="stable")[first : first + width]
        places[replica, : len(rows)] = rows
        length[replica, : len(rows)] = frames.length[rows]
        values.append(frames.take(rows))
    device = values[0].device
    padded = pad(torch.cat(values), length)
    return torch.from_numpy(places).to(device), padded, torch.from_numpy(length).to(device)


def embed(nets: Nets, part: PaddedPart) -> dict[str, Tensor]:
    """Embeddings [R, n, E] of all utterances of a part, per modality.

    n is the size of the largest part; the rows after the end of a smaller part are undefined.
    """
    return _rows(nets, "encode", part.chunks, part.utterances)


def digest(nets: Nets, part: PaddedPart) -> dict[str, Tensor]:
    """Digests [R, n, F] of all utterances of a part, per modality, in the same order."""
    return _rows(nets, "digest", part.chunks, part.utterances)


def digest_clean(nets: Nets, part: dict[str, Frames]) -> dict[str, Tensor]:
    """What one replica needs of its clean training part, [1, n, F] per modality.

    See `robust_mer.models.model.Model.digest_clean`. It is padded a chunk at a time.
    """
    utterances = len(next(iter(part.values())).length)

    def chunks(frames: Frames) -> Iterator[_Chunk]:
        for first in range(0, utterances, _CHUNK):
            yield _chunk([frames], first, utterances)

    by_modality = {modality: chunks(frames) for modality, frames in part.items()}
    return _rows(nets, "digest_clean", by_modality, utterances)


def _rows(
    nets: Nets, method: str, chunks: Mapping[str, Iterable[_Chunk]], utterances: int
) -> dict[str, Tensor]:
    """Rows [R, n, ...] of all utterances of a part, from those of each chunk."""
    rows: dict[str, Tensor] = {}
    for modality, several in chunks.items():
        for places, frames, lengths in several:
            of_these = nets.of_frames(method, modality, frames, lengths)
            if modality not in rows:
                shape = (len(places), utterances + 1, of_these.shape[2])
                rows[modality] = of_these.new_zeros(shape)
            rows[modality].scatter_(1, places[..., None].expand_as(of_these), of_these)
    return {modality: values[:, :-1] for modality, values in rows.items()}


def combine(
    clean: dict[str, Tensor], noisy: dict[str, Tensor], is_clean: Sequence[bool]
) -> tuple[dict[str, Tensor], Tensor]:
    """The embeddings of a condition, clean or noisy per modality, and bool [R, n, modalities]."""
    received = {
        modality: clean[modality] if keep else noisy[modality]
        for modality, keep in zip(clean, is_clean, strict=True)
    }
    first = next(iter(received.values()))
    condition = torch.tensor(tuple(is_clean), device=first.device)
    return received, condition.expand(*first.shape[:2], len(received))
