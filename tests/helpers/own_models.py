"""Models that a user might write, to be named as ``helpers.own_models:Class``."""

import os
import signal
import time
from typing import ClassVar

import torch
from torch import nn

from robust_mer.models.model import Model
from robust_mer.models.optimisation import Optimisation


class MaskedSettings(Optimisation):
    is_mask_aware: ClassVar[bool] = True


class Masked(Model):
    """Logarithms of the means of frames, of the clean modalities only."""

    settings_class = MaskedSettings

    def __init__(self, settings, inputs, task):
        super().__init__(settings, inputs, task)
        self.maps = nn.ModuleDict({m: nn.Linear(one.width, 4) for m, one in inputs.items()})
        self.head = nn.Linear(4 * len(inputs), task.outputs)

    def encode(self, modality, frames, lengths):
        means = frames.sum(dim=1) / lengths.clamp(min=1)[:, None]
        return self.maps[modality]((means.abs() + 1e-9).log())

    def forward(self, embeddings):
        return self.head(torch.cat(list(embeddings.values()), dim=1))

    def predict(self, embeddings, is_clean):
        clean = zip(embeddings.items(), is_clean.unbind(dim=1), strict=True)
        return self({m: torch.where(keep[:, None], e, 0.0) for (m, e), keep in clean})

    def loss(self, batch):
        raise NotImplementedError


class Branching(Masked):
    """Its code depends on values."""

    def encode(self, modality, frames, lengths):
        if frames.sum() > 0:
            frames = -frames
        return super().encode(modality, frames, lengths)


class Faulty(Masked):
    """Large features hang it, larger ones end its process, and small ones exhaust the memory."""

    def encode(self, modality, frames, lengths):
        if (frames > 1e2).any() and (frames < 1e4).all():
            time.sleep(3600)
        if (frames < -1e2).any():
            raise MemoryError(os.getpid())
        if (frames > 1e4).any():
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().encode(modality, frames, lengths)
