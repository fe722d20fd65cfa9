"""The experts of MoMKE on their own: its first stage (Xu, Jiang and Liang 2024).

Each expert learns from its own modality, complete and clean, and answers from it alone. The losses
of the modalities are added; the experts share nothing. `robust_mer.models.momke.momke` mixes them
and says what is the paper's and what is ours. To choose an epoch, an answer is needed: it is the
mean of the experts' outputs (ours).
"""

from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from robust_mer.modality import FeatureShape
from robust_mer.models.chance import Dropout
from robust_mer.models.model import Batch, Model
from robust_mer.models.momke.settings import MoMKEExpertsSettings
from robust_mer.models.segments import averages, is_real
from robust_mer.models.settings import ModelSettings
from robust_mer.tasks.task import Task


def mlp(width: int, width_out: int, dropout: float) -> nn.Sequential:
    """Two linear layers, GELU between them, dropout after each."""
    return nn.Sequential(
        nn.Linear(width, width),
        nn.GELU(),
        Dropout(dropout),
        nn.Linear(width, width_out),
        Dropout(dropout),
    )


class ExpertLayer(nn.Module):
    """Attention a of tokens x, and an MLP: x + a + MLP(a), without norms or an output projection.

    Args:
        width: Of a token.
        heads: They divide ``width``.
        dropout: Of the MLP.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.mlp = mlp(width, width, dropout)

    def forward(self, tokens: Tensor, real: Tensor) -> Tensor:
        """Tokens [B, N, D] from tokens, of which some are ``real``, bool [B, N]."""
        query, key, value = (
            layer(tokens).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        scores = query @ key.mT / query.shape[3] ** 0.5
        lowest = torch.finfo(scores.dtype).min
        weights = scores.masked_fill(~real[:, None, None], lowest).softmax(dim=3)
        attended = (weights @ value).transpose(1, 2).flatten(2)
        return tokens + attended + self.mlp(attended)


class Expert(nn.Module):
    """Layers one after the other. See `ExpertLayer`.

    Args:
        settings: Width, heads, depth, dropout.
    """

    def __init__(self, settings: MoMKEExpertsSettings) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            ExpertLayer(settings.width, settings.heads, settings.dropout)
            for _ in range(settings.depth)
        )

    def forward(self, tokens: Tensor, real: Tensor) -> Tensor:
        for layer in self.layers:
            tokens = layer(tokens, real)
        return tokens


class ExpertModel(Model):
    """What both stages share: per modality a projection of frames to tokens, and an expert."""

    settings_class: ClassVar[type[ModelSettings]] = MoMKEExpertsSettings
    settings: MoMKEExpertsSettings

    def __init__(
        self, settings: MoMKEExpertsSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        self.encoders = nn.ModuleDict(
            {
                modality: nn.Sequential(
                    nn.Linear(shape.width, settings.width), Dropout(settings.dropout)
                )
                for modality, shape in inputs.items()
            }
        )
        self.experts = nn.ModuleDict({modality: Expert(settings) for modality in inputs})

    def tokens(self, modality: str, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens [B, N, D] of padded frames [B, T, width], and which are real, bool [B, N]."""
        segments = self.settings.segments
        average, count = averages(frames, lengths, segments)
        return self.encoders[modality](average), is_real(segments, count)


def mean_token(tokens: Tensor, real: Tensor) -> Tensor:
    """Mean [B, D] over the real of the tokens [B, N, D]; zeros if none is real."""
    kept = torch.where(real[..., None], tokens, 0.0)
    return kept.sum(dim=1) / real.sum(dim=1, keepdim=True).clamp(min=1)


class Answers(nn.Module):
    """A linear layer per modality, which answers from its embedding alone.

    Args:
        modalities: In the model's order.
        width: Of an embedding.
        outputs: Of the task.
    """

    def __init__(self, modalities: list[str], width: int, outputs: int) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({m: nn.Linear(width, outputs) for m in modalities})

    def forward(self, embeddings: dict[str, Tensor]) -> dict[str, Tensor]:
        """Outputs [B, outputs] by modality."""
        return {modality: self.heads[modality](e) for modality, e in embeddings.items()}


class MoMKEExperts(ExpertModel):
    """Experts that each answer from their own modality."""

    def __init__(
        self, settings: MoMKEExpertsSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        self.classifier = Answers(list(inputs), settings.width, task.outputs)

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        tokens, real = self.tokens(modality, frames, lengths)
        return mean_token(cast(Expert, self.experts[modality])(tokens, real), real)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        return torch.stack(list(self.classifier(embeddings).values())).mean(dim=0)

    def teach(
        self, embeddings: dict[str, Tensor], of_zeros: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Nothing: the student takes over the weights, and has no targets."""
        return {}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        answers = self.classifier(self.encode_all(batch.received, batch.lengths))
        losses = [self.task.loss(answer, batch.target) for answer in answers.values()]
        return {self.task.loss_name: torch.stack(losses).sum()}
