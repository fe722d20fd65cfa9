"""The network that MPLMM's prompts are learnt on: MulT, crossmodal attention (Tsai et al. 2019).

It is trained on complete clean data, as MPLMM's first step. `robust_mer.models.mplmm.mplmm` says
what is the paper's and what is ours.
"""

from itertools import permutations
from typing import ClassVar

import torch
from torch import Tensor, nn

from robust_mer.errors import InputError
from robust_mer.modality import FeatureShape
from robust_mer.models.chance import Dropout
from robust_mer.models.model import Batch, Model
from robust_mer.models.mplmm.settings import MPLMMBackboneSettings
from robust_mer.models.mplmm.transformer import CrossmodalTransformer
from robust_mer.models.segments import averages
from robust_mer.models.settings import ModelSettings
from robust_mer.tasks.task import Task


class Joint(nn.Module):
    """u + V dropout(ReLU(W u)).

    Args:
        width: Of u.
        dropout: Between the two layers.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.added = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), Dropout(dropout), nn.Linear(width, width)
        )

    def forward(self, joint: Tensor) -> Tensor:
        return joint + self.added(joint)


class CrossmodalModel(Model):
    """Projections, a Transformer for each ordered pair of modalities, and one for each modality.

    Raises:
        InputError: there is only one modality.
    """

    settings_class: ClassVar[type[ModelSettings]] = MPLMMBackboneSettings
    settings: MPLMMBackboneSettings

    def __init__(
        self, settings: MPLMMBackboneSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        if len(inputs) < 2:
            raise InputError(
                f"MPLMM needs two or more modalities, but the only one is {list(inputs)}"
            )
        width, attended = settings.width, settings.width * (len(inputs) - 1)

        def transformer(width: int) -> CrossmodalTransformer:
            return CrossmodalTransformer(
                width,
                settings.heads,
                settings.layers,
                settings.dropout_transformer,
                settings.dropout_embedding,
            )

        self.encoders = nn.ModuleDict(
            {m: nn.Linear(shape.width, width, bias=False) for m, shape in inputs.items()}
        )
        self.drop_features = nn.ModuleDict(
            {
                modality: Dropout(settings.dropout_embedding)
                for modality, shape in inputs.items()
                if shape.encoder == "convolutional"
            }
        )
        self.crossmodal = nn.ModuleDict(
            {_name(*pair): transformer(width) for pair in permutations(inputs, 2)}
        )
        self.memory = nn.ModuleDict({modality: transformer(attended) for modality in inputs})
        joint = attended * len(inputs)
        self.classifier = nn.Sequential(
            Joint(joint, settings.dropout), nn.Linear(joint, task.outputs)
        )

    def segments(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        """Averages [B, N, D] of padded frames [B, T, D], zeros behind a short utterance's end."""
        average, _ = averages(frames, lengths, self.settings.segments)
        return self.drop_features[modality](average) if modality in self.drop_features else average

    def run(self, part: nn.Module, *inputs: Tensor) -> Tensor:
        """What a part of the backbone makes of inputs."""
        outputs: Tensor = part(*inputs)
        return outputs

    def fuse(self, tokens: dict[str, Tensor], prompts: dict[str, Tensor]) -> Tensor:
        """Outputs [B, task.outputs] from tokens [B, N, D] of every modality.

        Args:
            tokens: See above.
            prompts: Further tokens [B, P, (modalities - 1) D] behind those that have attended to
                the other modalities; may be empty.
        """
        last = []
        for target, own in tokens.items():
            attended = [
                self.run(self.crossmodal[_name(target, source)], own, others)
                for source, others in tokens.items()
                if source != target
            ]
            sequence = [torch.cat(attended, dim=2)]
            if prompts:
                sequence.append(prompts[target])
            last.append(self.run(self.memory[target], torch.cat(sequence, dim=1))[:, -1])
        return self.classify(torch.cat(last, dim=1))

    def classify(self, joint: Tensor) -> Tensor:
        """Outputs from the last token of every modality side by side."""
        outputs: Tensor = self.classifier(joint)
        return outputs


class MPLMMBackbone(CrossmodalModel):
    """The network without prompts."""

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        return self.encoders[modality](self.segments(modality, frames, lengths)).flatten(1)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        width = self.settings.width
        return self.fuse({m: e.unflatten(1, (-1, width)) for m, e in embeddings.items()}, {})

    def teach(
        self, embeddings: dict[str, Tensor], of_zeros: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Nothing: the student takes over the weights, and has no targets."""
        return {}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        output = self(self.encode_all(batch.received, batch.lengths))
        return {self.task.loss_name: self.task.loss(output, batch.target)}


def _name(target: str, source: str) -> str:
    return f"{target}_from_{source}"
