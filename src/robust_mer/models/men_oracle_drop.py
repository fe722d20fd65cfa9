"""MEN that is told which modalities are noisy and drops them: a baseline that the papers lack.

It tests NMER's claim that noisy modalities still inform: a model that uses them should beat this
one. Zeros take the place of their embeddings, in training and in the test; where all are noisy
nothing is left but the classes' frequencies. Hyperparameters are MEN's.
"""

import torch
from torch import Tensor
from torch.nn import functional

from robust_mer.models.men import MEN
from robust_mer.models.model import Batch

SETTINGS = {
    # adam or adamw
    "optimiser": "adam",
    "learning_rate": 2e-4,
    # decay of the optimiser's first moment
    "beta1": 0.9,
    "weight_decay": 0.0,
    "batch_size": 128,
    # epochs with the full learning rate, then epochs in which it falls linearly towards zero
    "epochs_constant": 10,
    "epochs_falling": 10,
    # gradient norm at which each sub-network is clipped
    "clip_norm": 0.5,
    # of the classifier
    "dropout": 0.3,
}


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
