"""MoMKE: a mixture of modality knowledge experts (Xu, Jiang and Liang, ACM Multimedia 2024).

Two stages. First each expert learns its own modality alone (`robust_mer.models.momke.experts`).
Then every available modality passes through the experts of *all* modalities, and a router of that
modality weighs what they make of it, token by token:

    r_m = softmax(Router_m(x_m))        y_m = sum over experts e of r_m,e Expert_e(x_m)
    u = [y_a, y_v, y_l], zeros where missing        output = W (u + dropout(ReLU(V u)))

The first stage's weights go on learning with routers and head, by the task's loss alone.

From the paper are the two stages, the experts and the soft router. From the released code
(wxxv/MoMKE) are the layers, their sizes, optimiser, rates and dropout; with utterances in the place
of tokens the parameters and outputs are the same. Only its abstract and its code were at hand.

Ours, or otherwise than in that code:

- A token there is one utterance of a dialogue, and attention runs over the dialogue. The models
  here see one utterance. Its tokens are averages over equal segments, and the mean over tokens
  goes on. With ``segments: 1`` a token is an utterance without dialogue.
- Its script trains a model for each test condition. Here the protocol draws the conditions of one
  model's training; ``fixed_vl`` and the like train one for each.
- It means to choose each expert's best epoch by training accuracy, but its
  ``state_dict().update`` changes nothing, so that the last epoch goes on. It reports the epoch
  that is best on the test part. Here validation data choose the epoch of both stages.
- Gradients are clipped, and a batch has 128 utterances, not 16 dialogues.
- The paper knows missing modalities only. The model is mask-aware and treats noisy modalities as
  missing. If none is available, it uses all as received.
"""

from typing import cast

import torch
from torch import Tensor, nn

from robust_mer.modality import FeatureShape
from robust_mer.models.availability import available_modalities
from robust_mer.models.chance import Dropout
from robust_mer.models.model import Batch, Model
from robust_mer.models.momke.experts import Expert, ExpertModel, mean_token, mlp
from robust_mer.models.momke.settings import MoMKESettings
from robust_mer.tasks.task import Task


class Joint(nn.Module):
    """u + dropout(ReLU(V u)).

    Args:
        width: Of u.
        dropout: Of the layer that is added.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.added = nn.Sequential(nn.Linear(width, width), nn.ReLU(), Dropout(dropout))

    def forward(self, joint: Tensor) -> Tensor:
        return joint + self.added(joint)


class MoMKE(ExpertModel):
    """Projections, experts and routers of the modalities; a residual layer; one linear layer."""

    settings_class = MoMKESettings
    settings: MoMKESettings

    def __init__(
        self, settings: MoMKESettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        self.routers = nn.ModuleDict(
            {m: mlp(settings.width, len(inputs), settings.dropout) for m in inputs}
        )
        joint = settings.width * len(inputs)
        self.classifier = nn.Sequential(
            Joint(joint, settings.dropout), nn.Linear(joint, task.outputs)
        )

    def start_from(self, teacher: Model) -> None:
        """Take over projections and experts of the first stage."""
        self.take_over(teacher, "encoders", "experts")

    def shares(self, modality: str, tokens: Tensor) -> Tensor:
        """What each expert counts for a modality's tokens [B, N, D]: [B, N, experts]."""
        return self.routers[modality](tokens).softmax(dim=2)

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        tokens, real = self.tokens(modality, frames, lengths)
        answers = [cast(Expert, expert)(tokens, real) for expert in self.experts.values()]
        shares = self.shares(modality, tokens).unbind(dim=2)
        mixed = [share[..., None] * one for share, one in zip(shares, answers, strict=True)]
        return mean_token(torch.stack(mixed).sum(dim=0), real)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        """Outputs [B, task.outputs] where all modalities are available."""
        return self.classifier(torch.cat(list(embeddings.values()), dim=1))

    def predict(self, embeddings: dict[str, Tensor], is_clean: Tensor) -> Tensor:
        available = available_modalities(is_clean).unbind(dim=1)
        pairs = zip(embeddings.items(), available, strict=True)
        return self({m: torch.where(kept[:, None], e, 0.0) for (m, e), kept in pairs})

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        output = self.predict(self.encode_all(batch.received, batch.lengths), batch.is_clean)
        return {self.task.loss_name: self.task.loss(output, batch.target)}
