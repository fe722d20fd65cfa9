"""Variant (b): the nets of (a) in a loop without its worst inefficiencies."""

import time

import numpy as np
import torch
from plain_nets import MEN, NETS, step, with_noise
from random_corpus import FOLD, RandomCorpus
from torch import Tensor

from robust_mer.metrics.classes import UA
from robust_mer.settings import Settings

_CLEAN, _NOISY = torch.tensor([[True] * 3]), torch.tensor([[False] * 3])


class Tidy:
    """One replica of ``men`` or ``nmer``, with its data in the device's memory, normalised once."""

    def __init__(self, model: str, corpus: RandomCorpus, device: torch.device) -> None:
        self.net, self.device = NETS[model]().to(device), device
        self.optimiser = self.net.optimiser(self.net.parameters(), lr=2e-4, fused=True)
        self.values, self.length, self.start = {}, {}, {}
        for modality, values in corpus.values.items():
            mean, deviation = corpus.statistics(modality)
            padding = np.zeros((1, values.shape[1]), "f4")  # the last frame is padding
            frames = np.concatenate([(values - mean) / deviation, padding])
            self.values[modality] = torch.from_numpy(frames).to(device)
            self.length[modality] = torch.from_numpy(corpus.length[modality])
            self.start[modality] = self.length[modality].cumsum(0) - self.length[modality]
        self.label = torch.from_numpy(corpus.label)
        self.parts = {p: torch.from_numpy(rows) for p, rows in corpus.parts[FOLD].items()}
        self.conditions = torch.tensor(self.net.conditions)
        self.targets = None
        if model == "nmer":
            teacher, everybody = NETS[model]().to(device).eval(), torch.arange(len(self.label))
            with torch.no_grad():
                self.targets = teacher.features(self._embed(teacher, everybody, _CLEAN))

    def epoch(self) -> dict[str, float]:
        """Train and validate once: seconds by kind of work."""
        started = time.perf_counter()
        self._train()
        trained = time.perf_counter()
        self._validate()
        return {"training": trained - started, "validation": time.perf_counter() - trained}

    def _gather(self, rows: Tensor, is_clean: Tensor) -> list[Tensor]:
        """Padded frames of utterances, noisy where ``is_clean`` [B or 1, 3] is False."""
        gathered = []
        for place, (modality, values) in enumerate(self.values.items()):
            length = self.length[modality][rows, None]
            frame = torch.arange(int(length.max()))
            source = torch.where(frame < length, self.start[modality][rows, None] + frame, -1)
            frames = values[source.to(self.device)]
            spoilt = (source >= 0) & ~is_clean[:, place, None]
            if spoilt.any():
                is_noisy = spoilt[..., None].to(self.device)
                frames = torch.where(is_noisy, with_noise(frames), frames)
            gathered.append(frames)
        return gathered

    def _train(self) -> None:
        self.net.train()
        train = self.parts["train"]
        for rows in train[torch.randperm(len(train))].split(self.net.batch_size):
            is_clean = self.conditions[torch.randint(len(self.conditions), (len(rows),))]
            embeddings = self.net.encode(*self._gather(rows, is_clean))
            label, place = self.label[rows].to(self.device), rows.to(self.device)
            targets = self.targets and [target[place] for target in self.targets]
            step(self.net, self.optimiser, self.net.loss(embeddings, label, targets))

    @torch.no_grad()
    def _validate(self) -> None:
        """Encode clean and, if any condition has noise, noisy; combine for every condition."""
        self.net.eval()
        rows = self.parts["validation"]
        clean = noisy = self._embed(self.net, rows, _CLEAN)
        if not self.conditions.all():
            noisy = self._embed(self.net, rows, _NOISY)
        is_kept = self.conditions.to(self.device)[..., None]
        predicted = [self.net(torch.where(keep, clean, noisy)).argmax(dim=1) for keep in is_kept]
        label = np.tile(self.label[rows].numpy(), len(predicted))
        UA(Settings()).of(label, torch.cat(predicted).cpu().numpy())

    def _embed(self, net: MEN, rows: Tensor, is_clean: Tensor) -> Tensor:
        batches = rows.split(net.batch_size)
        return torch.cat([net.encode(*self._gather(batch, is_clean)) for batch in batches])
