"""Mask-aware MEN that drops the noisy modalities: a baseline that the papers lack.

It tests NMER's claim that noisy modalities still inform: a model that uses them should beat this
one. Zeros replace their embeddings, in training and in the test. Where all modalities are noisy,
only the average of the targets is left to learn. The hyperparameters are MEN's.
"""

import torch
from torch import Tensor

from robust_mer.models.men.men import MEN
from robust_mer.models.men.settings import MENOracleDropSettings
from robust_mer.models.model import Batch


class MENOracleDrop(MEN):
    """`MEN` on the clean modalities only."""

    settings_class = MENOracleDropSettings

    def predict(self, embeddings: dict[str, Tensor], is_clean: Tensor) -> Tensor:
        given = zip(embeddings.items(), is_clean.unbind(dim=1), strict=True)
        return self({m: torch.where(clean[:, None], e, 0.0) for (m, e), clean in given})

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        output = self.predict(self.encode_all(batch.received, batch.lengths), batch.is_clean)
        return {self.task.loss_name: self.task.loss(output, batch.target)}
