"""MMIN: imagines the embeddings of missing modalities from the available ones (Zhao et al. 2021).

A cascade of residual autoencoders (CRA) turns the embeddings h of what was received into those
that the teacher, a frozen MEN of the same fold, has of what is missing; a second one turns these
back into h. The classifier sees the codes of the first. Encoders start from the teacher's.

Sizes, weights and schedule are those of the released code, so there is no variant that follows it.
Its one difference is left out: it takes the maximum over padding too, by which a prediction
depends on the longest of its batch mates.

Under noise, which MMIN was not made for, the noisy modalities count as the missing ones: the model
gets them as received, without being told which they are; the teacher gets their clean version.
"""

import torch
from torch import Tensor
from torch.nn import functional

from robust_mer.models.blocks import (
    EMBEDDING,
    ResidualAutoencoder,
    classifier,
    imagination_target,
    initialise,
    modality_encoders,
)
from robust_mer.models.model import Batch, Model

TRAINING = {
    # adam or adamw
    "optimiser": "adam",
    "learning_rate": 2e-4,
    # decay of the optimiser's first moment
    "beta1": 0.5,
    "weight_decay": 0.0,
    "batch_size": 128,
    # epochs with the full learning rate, then epochs in which it falls linearly towards zero
    "epochs_constant": 30,
    "epochs_falling": 30,
    # gradient norm at which each sub-network is clipped
    "clip_norm": 1.0,
    # of the classifier
    "dropout": 0.5,
}

SETTINGS = {
    **TRAINING,
    # weights of what is imagined and of the way back; that of the cross-entropy is 1
    "weight_imagination": 4.0,
    "weight_cycle": 2.0,
}


class MMIN(Model):
    """An encoder per modality, imagination forwards and backwards, classifier on the codes.

    Args:
        settings: As ``SETTINGS``.
        widths: Feature dimensions per modality.
        classes: Number of classes.
    """

    def __init__(self, settings: dict, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        self.settings = settings
        joint = EMBEDDING * len(widths)
        self.encoders = modality_encoders(widths)
        self.imagination = ResidualAutoencoder(joint)
        self.cycle = ResidualAutoencoder(joint)
        self.classifier = classifier(
            [ResidualAutoencoder.LATENT, EMBEDDING, EMBEDDING, classes], settings["dropout"]
        )
        initialise(self)

    def start_from(self, teacher: Model) -> None:
        """Take over the teacher's encoders."""
        self.encoders.load_state_dict(teacher.encoders.state_dict())

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        return self.encoders[modality](frames, lengths)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        """Logits [B, classes] from the codes of the imagination [B, 320]."""
        _, latent = self.imagination(torch.cat(list(embeddings.values()), dim=1))
        return self.classifier(latent)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """L = CE + w_i MSE(imagined, teacher's) + w_c MSE(back again, h)."""
        settings = self.settings
        embedding = torch.cat(list(self.encode_all(batch.received, batch.lengths).values()), dim=1)
        imagined, latent = self.imagination(embedding)
        returned, _ = self.cycle(imagined)
        target = imagination_target(batch.targets, batch.is_clean)
        return {
            "imagination": settings["weight_imagination"] * functional.mse_loss(imagined, target),
            # h is a target here: the encoders must not come to meet it
            "cycle": settings["weight_cycle"] * functional.mse_loss(returned, embedding.detach()),
            "cross_entropy": functional.cross_entropy(self.classifier(latent), batch.label),
        }
