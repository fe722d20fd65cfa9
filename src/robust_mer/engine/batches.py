"""What replicas meet in a training step: frames, fresh noise, targets, keys of random draws."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from robust_mer.corruption.draws import send
from robust_mer.engine.corruption import corrupt_afresh
from robust_mer.engine.frames import Frames, Normalise, pad
from robust_mer.engine.replica import EpochDraws, ReplicaData
from robust_mer.models.model import Batch


@dataclass(frozen=True)
class Step:
    """A batch of each of k replicas."""

    which: list[int]
    """The replicas, ascending."""
    samples: int
    """How many each of them has in it."""
    batch: Batch
    """Every tensor with k in front."""
    keys: Tensor
    """Of the models' random draws: [k, sites, 2]."""


class Batches:
    """Batches of replicas that train as one.

    Args:
        replicas: What each trains on.
        frames: All frames of the corpus on the device, per modality.
        target: Targets of the corpus' utterances, on the device.
        taught: What the teachers say of the training parts, by name a tensor a replica; empty
            without teachers.
        needs_clean: Whether the model reads the clean frames too.
    """

    def __init__(
        self,
        replicas: list[ReplicaData],
        frames: dict[str, Frames],
        target: Tensor,
        taught: dict[str, list[Tensor]],
        needs_clean: bool,
    ) -> None:
        self.replicas, self._frames, self._target = replicas, frames, target
        self._taught, self._needs_clean = taught, needs_clean
        self._device = target.device
        self._normalise = [
            {m: Normalise.on(self._device, n) for m, n in replica.normalisers.items()}
            for replica in replicas
        ]
        # by replica and modality, what each of the replica's corruptions does to the modality
        self._corruptions = [
            {m: [each.modalities.get(m) for each in replica.corruptions] for m in frames}
            for replica in replicas
        ]

    def draw(self, epoch: int, batch_size: int, sites: int) -> list[EpochDraws]:
        """What each replica draws for an epoch of a model with so many sites."""
        return [
            EpochDraws.of(replica, epoch, batch_size, sites, self._device)
            for replica in self.replicas
        ]

    def epoch(self, draws: list[EpochDraws], active: list[int], batch_size: int) -> Iterator[Step]:
        """The steps of an epoch.

        Folds differ in size, so at an epoch's end some replicas have a smaller batch, or none.
        Those with equally many samples take a step together.

        Args:
            draws: Of every replica.
            active: The replicas that train.
            batch_size: Most samples of a batch.
        """
        for step in range(max(len(drawn.keys) for drawn in draws)):
            samples = slice(step * batch_size, (step + 1) * batch_size)
            alike = defaultdict(list)
            for replica in active:
                if count := len(draws[replica].order[samples]):
                    alike[count].append(replica)
            for count, which in alike.items():
                batch = self._assemble(which, draws, samples)
                keys = send(np.stack([draws[r].keys[step] for r in which]), self._device)
                yield Step(which, count, batch, keys)

    def _assemble(self, which: list[int], draws: list[EpochDraws], samples: slice) -> Batch:
        places = [draws[r].order[samples] for r in which]
        rows = [
            self.replicas[r].parts["train"][place] for r, place in zip(which, places, strict=True)
        ]
        received, lengths, clean = {}, {}, {}
        is_clean = np.stack([draws[r].is_clean[samples] for r in which])
        corruption = np.stack([draws[r].corruption[samples] for r in which])
        for column, (modality, frames) in enumerate(self._frames.items()):
            length = np.stack([frames.length[some] for some in rows])
            values = frames.take(np.concatenate(rows))
            sizes = length.sum(axis=1).tolist()
            for r, part in zip(which, torch.split(values, sizes), strict=True):
                self._normalise[r][modality](part)
            if self._needs_clean:
                clean[modality] = pad(values, length)
            is_noisy = ~is_clean[..., column]
            if is_noisy.any():
                self._add_noise(values, which, draws, modality, is_noisy, corruption, length)
            received[modality] = pad(values, length)
            lengths[modality] = send(length, self._device)
        target = self._target[send(np.stack(rows), self._device)]
        taught = self._taught_at(which, places)
        return Batch(received, lengths, target, taught, send(is_clean, self._device), clean)

    def _add_noise(
        self,
        values: Tensor,
        which: list[int],
        draws: list[EpochDraws],
        modality: str,
        is_noisy: np.ndarray,
        corruption: np.ndarray,
        length: np.ndarray,
    ) -> None:
        """Fresh noise on the frames [n, D] of those utterances [k, B] that are noisy."""
        frames = send(np.repeat(is_noisy.ravel(), length.ravel()).nonzero()[0], self._device)
        sizes = (length * is_noisy).sum(axis=1).tolist()
        parts = torch.split(values.index_select(0, frames), sizes)
        received = [
            corrupt_afresh(
                part,
                length[row][is_noisy[row]],
                corruption[row][is_noisy[row]],
                self._corruptions[r][modality],
                draws[r].noise,
            )
            for row, (r, part) in enumerate(zip(which, parts, strict=True))
        ]
        values.index_copy_(0, frames, torch.cat(received))

    def _taught_at(self, which: list[int], places: list[np.ndarray]) -> dict[str, Tensor]:
        """What the teachers say of the samples at these places of the training parts."""
        if not self._taught:
            return {}
        chosen = send(np.stack(places), self._device)
        return {
            name: torch.stack([value[r][some] for r, some in zip(which, chosen, strict=True)])
            for name, value in self._taught.items()
        }
