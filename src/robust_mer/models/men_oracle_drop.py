"""MEN that is told which modalities are noisy and drops them: a baseline that the papers lack.

It tests NMER's claim that noisy modalities still inform: a model that uses them should beat this
one. Zeros take the place of their embeddings, in training and in the test; where all are noisy
nothing is left but the classes' frequencies. Hyperparameters are MEN's.
"""

import torch
from torch import Tensor
from torch.nn import functional

from robust_mer.models.men import MEN
from robust_mer.models.men import SETTINGS as OF_MEN
from robust_mer.models.model import Batch

SETTINGS = {**OF_MEN}


class MENOracleDrop(MEN):
    """`MEN` on the clean modalities only."""

    def predict(self, embeddings: dict[str, Tensor], is_clean: Tensor) -> Tensor:
        clean = {
            modality: torch.where(told[:, None], embedding, 0.0)
            for (modality, embedding), told in zip(
                embeddings.items(), is_clean.unbind(dim=1), strict=True
            )
        }
        return self(clean)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        logits = self.predict(self.encode_all(batch.received, batch.lengths), batch.is_clean)
        return {"cross_entropy": functional.cross_entropy(logits, batch.label)}
