"""Batches of a training step: frames with fresh noise, targets, keys of random draws."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

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

    replicas: list[int]
    """The replicas, ascending."""
    samples: int
    """Number of samples of each replica."""
    batch: Batch
    """Every tensor with k as first dimension."""
    keys: Tensor
    """Of the models' random draws: [k, sites, 2]."""


class Batches:
    """Batches of replicas that train as one.

    Args:
        replicas: Data of each replica.
        frames: All frames of the corpus on the device, per modality.
        target: Targets of the corpus' utterances, on the device.
        taught: Targets that teachers set on the training parts, by name a tensor per replica; empty
            without teachers.
        needs_clean: Whether the model reads the clean frames too.
        clean_digests: See `Model.digest_clean`; by modality a tensor per replica.
    """

    def __init__(
        self,
        replicas: list[ReplicaData],
        frames: dict[str, Frames],
        target: Tensor,
        taught: dict[str, list[Tensor]],
        needs_clean: bool,
        clean_digests: Mapping[str, list[Tensor]] = MappingProxyType({}),
    ) -> None:
        self.replicas, self._frames, self._target = replicas, frames, target
        self._taught, self._needs_clean = taught, needs_clean
        self._clean_digests = clean_digests
        self._device = target.device
        self._normalise = [
            {m: Normalise.on(self._device, n) for m, n in replica.normalisers.items()}
            for replica in replicas
        ]
        # by replica and modality, the effect of each of the replica's corruptions
        self._corruptions = [
            {m: [each.modalities.get(m) for each in replica.corruptions] for m in frames}
            for replica in replicas
        ]
        self._has_recorded = any(
            each.recorded for replica in replicas for each in replica.corruptions
        )

    def draw(self, epoch: int, batch_size: int, sites: int) -> list[EpochDraws]:
        """The draws of each replica for an epoch of a model with ``sites`` sites."""
        return [
            EpochDraws.of(replica, epoch, batch_size, sites, self._device)
            for replica in self.replicas
        ]

    def epoch(self, draws: list[EpochDraws], active: list[int], batch_size: int) -> Iterator[Step]:
        """The steps of an epoch.

        Folds differ in size, so at the end of an epoch some replicas have a smaller batch, or none.
        Replicas with the same number of samples take a step together.

        Args:
            draws: Of every replica.
            active: The replicas that train.
            batch_size: Largest number of samples of a batch.
        """
        for step in range(max(len(draw.keys) for draw in draws)):
            samples = slice(step * batch_size, (step + 1) * batch_size)
            alike = defaultdict(list)
            for replica in active:
                if count := len(draws[replica].order[samples]):
                    alike[count].append(replica)
            for count, group in alike.items():
                batch = self._assemble(group, draws, samples)
                keys = send(np.stack([draws[r].keys[step] for r in group]), self._device)
                yield Step(group, count, batch, keys)

    def _assemble(self, group: list[int], draws: list[EpochDraws], samples: slice) -> Batch:
        places = [draws[r].order[samples] for r in group]
        rows = [
            self.replicas[r].parts["train"][place] for r, place in zip(group, places, strict=True)
        ]
        received, lengths, clean, clean_lengths, snr = {}, {}, {}, {}, {}
        is_clean = np.stack([draws[r].is_clean[samples] for r in group])
        corruption = np.stack([draws[r].corruption[samples] for r in group])
        levels = np.stack([draws[r].level[samples] for r in group])
        for column, (modality, frames) in enumerate(self._frames.items()):
            is_noisy = ~is_clean[..., column]
            heard = rows
            if self._has_recorded:
                picks = np.stack([draws[r].recording[samples] for r in group])
                heard = self._heard(group, rows, modality, is_noisy, corruption, picks)
            values, length = self._take(group, heard, modality, frames)
            longest = int(length.max(initial=0))
            lengths[modality] = send(length, self._device)
            if self._needs_clean:
                true, true_length = values, length
                if self._has_recorded:
                    true, true_length = self._take(group, rows, modality, frames)
                    longest = max(longest, int(true_length.max(initial=0)))
                    clean_lengths[modality] = send(true_length, self._device)
                clean[modality] = pad(true, true_length, longest)
            level = levels[:, :, column]
            if is_noisy.any():
                self._add_noise(values, group, draws, modality, is_noisy, corruption, length, level)
            received[modality] = pad(values, length, longest)
            levels_db = self._snr(group, modality, is_noisy, corruption, level)
            snr[modality] = send(levels_db, self._device)
        target = self._target[send(np.stack(rows), self._device)]
        chosen = send(np.stack(places), self._device)
        targets, digests = (_at(one, group, chosen) for one in (self._taught, self._clean_digests))
        condition = send(is_clean, self._device)
        return Batch(
            received, lengths, target, targets, condition, clean, clean_lengths, snr, digests
        )

    def _take(
        self, group: list[int], rows: list[np.ndarray], modality: str, frames: Frames
    ) -> tuple[Tensor, np.ndarray]:
        """Normalised frames [n, D] of each replica's rows, and their lengths [k, B]."""
        length = np.stack([frames.length[utterances] for utterances in rows])
        values = frames.take(np.concatenate(rows))
        sizes = length.sum(axis=1).tolist()
        for r, part in zip(group, torch.split(values, sizes), strict=True):
            self._normalise[r][modality](part)
        return values, length

    def _snr(
        self,
        group: list[int],
        modality: str,
        is_noisy: np.ndarray,
        corruption: np.ndarray,
        level: np.ndarray,
    ) -> np.ndarray:
        """SNR of each sample's features in dB [k, B]; see `Batch`."""
        received = np.full(is_noisy.shape, np.nan, np.float32)
        for row, r in enumerate(group):
            for place, one in enumerate(self._corruptions[r][modality]):
                if one is not None:
                    chosen = corruption[row] == place
                    received[row, chosen] = one.snrs(level[row, chosen])
        return np.where(is_noisy, received, np.float32(np.inf))

    def _heard(
        self,
        group: list[int],
        rows: list[np.ndarray],
        modality: str,
        is_noisy: np.ndarray,
        corruption: np.ndarray,
        picks: np.ndarray,
    ) -> list[np.ndarray]:
        """Rows of the frames that samples receive, some of them of corrupted recordings.

        Args:
            group: The replicas.
            rows: Of the samples' clean frames, per replica [B].
            modality: Whose frames.
            is_noisy: [k, B].
            corruption: Place of each sample's corruption [k, B].
            picks: Uniform in [0, 1), for the draw [k, B, modalities].
        """
        columns = list(self._frames)
        heard = [utterances.copy() for utterances in rows]
        for place, r in enumerate(group):
            for number, each in enumerate(self.replicas[r].corruptions):
                if modality in each.recorded:
                    begin = each.recorded[modality]
                    chosen = is_noisy[place] & (corruption[place] == number)
                    column = columns.index(each.follows.get(modality, modality))
                    draw = (picks[place, chosen, column] * len(begin)).astype(np.int64)
                    heard[place][chosen] += begin[draw]
        return heard

    def _add_noise(
        self,
        values: Tensor,
        group: list[int],
        draws: list[EpochDraws],
        modality: str,
        is_noisy: np.ndarray,
        corruption: np.ndarray,
        length: np.ndarray,
        level: np.ndarray,
    ) -> None:
        """Add fresh noise to the frames [n, D] of the noisy utterances [k, B], in place."""
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
                level[row][is_noisy[row]],
            )
            for row, (r, part) in enumerate(zip(group, parts, strict=True))
        ]
        values.index_copy_(0, frames, torch.cat(received))


def _at(
    of_parts: Mapping[str, list[Tensor]], group: list[int], samples: Tensor
) -> dict[str, Tensor]:
    """Of values per utterance of the training parts, those of the samples [k, B]."""
    return {
        name: torch.stack([value[r][sample] for r, sample in zip(group, samples, strict=True)])
        for name, value in of_parts.items()
    }
