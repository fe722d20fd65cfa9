"""MPLMM: prompts for missing modalities (Guo, Jin and Zhao, ACL 2024, arXiv:2407.05374).

A network of crossmodal attention (`robust_mer.models.mplmm.backbone`) is trained on complete data
and frozen. Three kinds of prompts teach it what is missing. With tokens x_m of the available
modalities:

- *Generative prompt* g_t of a missing modality t. Its tokens are made from it and from what is
  available: x_t = GELU(W [g_t, GELU(V_m x_m) for each available m]), with one W over time for
  each set of available modalities.
- *Missing-signal prompts* of every modality, one for available, one for missing: s_m is added to
  x_m.
- *Missing-type prompt* p_t [sum over m of s_m^T M_m]: further tokens behind those of modality t,
  before the last Transformer; the s_m chosen make it another one for every combination.

Projections, prompts and the last linear layer learn by the task's loss alone; everything else is
frozen.

From the paper are the three kinds of prompts on a frozen network. From the released code
(zrguo/MPLMM) are the equations, what is frozen, sizes, rates and dropout; with tokens of one number
for all modalities the parameters and outputs are the same. Only its abstract and its code were at
hand.

Ours, or otherwise than in that code:

- All modalities have equally many tokens, averages over equal segments. There a modality has a
  fixed number of frames (on IEMOCAP 22 words, 350 acoustic and 50 visual frames).
- Its prompts start at zero. Both factors of the missing-type prompts then have gradients of zero
  for good, so these prompts never take part. Here all prompts start from N(0, 0.02).
- It trains the network on another, larger corpus (CMU-MOSEI), and projections and last layer
  anew. Here there is one corpus, so the student starts from those of its teacher too.
- Positions are given to all tokens. There a token whose first value is exactly zero has none.
- The learning rate falls by a plan, not by validation loss, and gradients are clipped per part.
- The paper knows missing modalities only. The model is mask-aware and treats noisy modalities as
  missing. If none is available, it uses all as received.
"""

from collections.abc import Iterable
from itertools import combinations
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from robust_mer.modality import FeatureShape
from robust_mer.models.availability import available_modalities
from robust_mer.models.model import Batch, Model
from robust_mer.models.mplmm.backbone import CrossmodalModel
from robust_mer.models.mplmm.settings import MPLMMSettings
from robust_mer.tasks.task import Task

_SPREAD = 0.02  # of the prompts at first


class MPLMM(CrossmodalModel):
    """Prompts on a frozen `CrossmodalModel`."""

    settings_class = MPLMMSettings
    settings: MPLMMSettings

    def __init__(
        self, settings: MPLMMSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        width, segments, length = settings.width, settings.segments, settings.prompt_length
        attended = width * (len(inputs) - 1)
        # Into every other modality, side by side.
        self.translators = nn.ModuleDict(
            {m: nn.Linear(shape.width, attended) for m, shape in inputs.items()}
        )
        # Linear over time.
        self.generators = nn.ModuleDict(
            {
                target: nn.ModuleDict(
                    {
                        "_".join(some): nn.Linear(length + segments * len(some), segments)
                        for some in _sources(inputs, target)
                    }
                )
                for target in inputs
            }
        )
        self.generative = _prompts(inputs, length, width)
        self.signal = _prompts(inputs, 2, segments, width)  # missing, available
        self.missing_type = _prompts(inputs, length, width)
        self.type_maps = _prompts(inputs, segments, attended)

    def start_from(self, teacher: Model) -> None:
        """Take over the whole backbone."""
        self.take_over(teacher, "encoders", "crossmodal", "memory", "classifier")

    def run(self, part: nn.Module, *inputs: Tensor) -> Tensor:
        return _frozen(part, dict(part.named_parameters()), *inputs)

    def classify(self, joint: Tensor) -> Tensor:
        """As in the backbone; only the last layer learns."""
        weights = self.classifier[0].named_parameters(prefix="0")
        return _frozen(self.classifier, dict(weights), joint)

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        """Own tokens and translations into every other modality, [B, N modalities D]."""
        average = self.segments(modality, frames, lengths)
        translated = functional.gelu(self.translators[modality](average))
        return torch.cat([self.encoders[modality](average), translated], dim=2).flatten(1)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        """Outputs [B, task.outputs] where all modalities are available."""
        first = next(iter(embeddings.values()))
        all_of_them = first.new_ones(len(first), len(embeddings), dtype=torch.bool)
        return self.predict(embeddings, all_of_them)

    def predict(self, embeddings: dict[str, Tensor], is_clean: Tensor) -> Tensor:
        available = dict(zip(embeddings, available_modalities(is_clean).unbind(dim=1), strict=True))
        signals = {
            modality: torch.where(
                kept[:, None, None], self.signal[modality][1], self.signal[modality][0]
            )
            for modality, kept in available.items()
        }
        tokens = self.complete(embeddings, available)
        return self.fuse(
            {modality: own + signals[modality] for modality, own in tokens.items()},
            self.type_prompts(signals),
        )

    def complete(
        self, embeddings: dict[str, Tensor], available: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Tokens [B, N, D] of every modality, generated where it is not ``available`` [B]."""
        parts = {
            modality: embedding.unflatten(1, (self.settings.segments, -1)).split(
                self.settings.width, dim=2
            )
            for modality, embedding in embeddings.items()
        }
        translated = {
            (source, target): part
            for source, (_, *others) in parts.items()
            for target, part in zip((m for m in parts if m != source), others, strict=True)
        }
        completed = {}
        for target, (own, *_) in parts.items():
            prompt = self.generative[target].expand(len(own), -1, -1)
            completed[target] = own
            for some in _sources(parts, target):
                given = [prompt, *(translated[source, target] for source in some)]
                generator = cast(nn.ModuleDict, self.generators[target])["_".join(some)]
                made = functional.gelu(generator(torch.cat(given, dim=1).mT)).mT
                case = torch.stack([kept == (m in some) for m, kept in available.items()])
                completed[target] = torch.where(
                    case.all(dim=0)[:, None, None], made, completed[target]
                )
        return completed

    def type_prompts(self, signals: dict[str, Tensor]) -> dict[str, Tensor]:
        """Missing-type prompts [B, P, (modalities - 1) D] of every modality."""
        maps = [signal.mT @ self.type_maps[modality] for modality, signal in signals.items()]
        of_type = torch.stack(maps).sum(dim=0)
        return {modality: self.missing_type[modality] @ of_type for modality in signals}

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        output = self.predict(self.encode_all(batch.received, batch.lengths), batch.is_clean)
        return {self.task.loss_name: self.task.loss(output, batch.target)}


def _sources(modalities: Iterable[str], target: str) -> list[tuple[str, ...]]:
    """What a missing modality can be generated from: every set of others."""
    others = [modality for modality in modalities if modality != target]
    return [some for size in range(1, len(others) + 1) for some in combinations(others, size)]


def _prompts(modalities: Iterable[str], *shape: int) -> nn.ParameterDict:
    return nn.ParameterDict(
        {modality: nn.Parameter(_SPREAD * torch.randn(shape)) for modality in modalities}
    )


def _frozen(part: nn.Module, weights: dict[str, Tensor], *inputs: Tensor) -> Tensor:
    """What a part makes of inputs, which pass on gradients while some of its weights do not."""
    detached = {name: weight.detach() for name, weight in weights.items()}
    outputs: Tensor = functional_call(part, detached, inputs)
    return outputs
