"""Variant (a): a training loop like the published code of MMIN and its successors."""

import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import torch
from plain_nets import NETS, step, with_noise
from random_corpus import FOLD, RandomCorpus
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

from robust_mer.metrics.classes import UA
from robust_mer.settings import Settings

Item = tuple[list[Tensor], int]


class _Items(Dataset):
    """Utterances that are read from HDF5, normalised and corrupted one by one, at every access.

    An item has the frames [T, D] of the three modalities under one of ``conditions``, then, for a
    teacher, the clean ones, and its label.
    """

    def __init__(
        self,
        corpus: RandomCorpus,
        published: dict[str, Path],
        rows: np.ndarray,
        conditions: tuple[tuple[bool, ...], ...],
        teacher: bool,
    ) -> None:
        self.corpus, self.rows, self.conditions = corpus, rows, conditions
        self.files = [(h5py.File(path), *corpus.statistics(m)) for m, path in published.items()]
        self.teacher = teacher

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> Item:
        row = self.rows[place]
        name = self.corpus.utterances[row]
        clean = [torch.from_numpy((file[name][()] - m) / d) for file, m, d in self.files]
        condition = self.conditions[torch.randint(len(self.conditions), ())]
        pairs = zip(clean, condition, strict=True)
        received = [frames if keep else with_noise(frames) for frames, keep in pairs]
        return received + clean * self.teacher, self.corpus.label[row]


def _collate(items: list[Item]) -> tuple[list[Tensor], Tensor]:
    frames, label = zip(*items, strict=True)
    padded = [pad_sequence(sequences, batch_first=True) for sequences in zip(*frames, strict=True)]
    return padded, torch.as_tensor(np.array(label))


class Straightforward:
    """One replica of ``men`` or ``nmer``, with data from ``write_published_layout``'s files."""

    def __init__(
        self, model: str, corpus: RandomCorpus, published: dict[str, Path], device: torch.device
    ) -> None:
        self.net, self.device = NETS[model]().to(device), device
        # The frozen teacher; only its encoders are used.
        self.teacher = NETS[model]().to(device).eval() if model == "nmer" else None
        self.optimiser = self.net.optimiser(self.net.parameters(), lr=2e-4)

        def load(part: str, conditions: tuple[tuple[bool, ...], ...], train: bool) -> DataLoader:
            teacher = train and self.teacher is not None
            items = _Items(corpus, published, corpus.parts[FOLD][part], conditions, teacher)
            return DataLoader(items, self.net.batch_size, shuffle=train, collate_fn=_collate)

        conditions, parts = self.net.conditions, ("validation", "test")
        self.training = load("train", conditions, True)
        self.evaluation = [load(part, (one,), False) for part in parts for one in conditions]
        self.reading = 0.0  # seconds, in this epoch so far

    def epoch(self) -> dict[str, float]:
        """Train and evaluate once: seconds by kind of work."""
        started, self.reading = time.perf_counter(), 0.0
        self._train()
        trained, reading = time.perf_counter(), self.reading
        self._evaluate()
        evaluated = time.perf_counter() - trained - (self.reading - reading)
        training = trained - started - reading
        return {"reading": self.reading, "training": training, "evaluation": evaluated}

    def _batches(self, loader: DataLoader) -> Iterator[tuple[list[Tensor], Tensor]]:
        asked = time.perf_counter()
        for frames, label in loader:
            self.reading += time.perf_counter() - asked
            yield [padded.to(self.device) for padded in frames], label.to(self.device)
            asked = time.perf_counter()

    def _train(self) -> None:
        self.net.train()
        for frames, label in self._batches(self.training):
            targets = None
            if self.teacher is not None:
                with torch.no_grad():
                    targets = self.teacher.features(self.teacher.encode(*frames[3:]))
            loss = self.net.loss(self.net.encode(*frames[:3]), label, targets)
            step(self.net, self.optimiser, loss)

    @torch.no_grad()
    def _evaluate(self) -> None:
        self.net.eval()
        for loader in self.evaluation:
            batches = self._batches(loader)
            pairs = [(self.net(self.net.encode(*x)).argmax(1).cpu(), y.cpu()) for x, y in batches]
            predicted, label = (torch.cat(some).numpy() for some in zip(*pairs, strict=True))
            UA(Settings()).of(label, predicted)
