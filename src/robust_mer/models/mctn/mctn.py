"""MCTN: joint codes learnt by translating one modality into another (Pham et al. 2019).

NMER's baseline in its version for classification, which was never published. A chain is the
original's hierarchical model. A net of encoder f and attention decoder g translates a source s into
a target t, and t back into s. A second net of f' and g' translates its code into the third modality
u. An LSTM with attention reads the joint code, which is that of the last encoder:

    E = f(x_s)    y_t = g(E)    y_s = g(f(y_t))    E' = f'(E)    y_u = g'(E')
    L = CE + 0.1 |y_t - x_t|^2 + 0.1 |y_s - x_s|^2 + 0.1 |y_u - x_u|^2    (means of squares)

Sources are as received, noisy or not, and the model is not mask-aware. Targets are clean. Only
training has targets: a code depends on its source alone, and decoders do not run in evaluation.

From the original and its code: BiLSTMs of 32 units with summed directions, LSTM decoders with
additive attention, sequences of 20 elements, the three weights, features padded with zeros to equal
width, the reading LSTM. As in that code a decoder sees no element of its target, neither the true
nor its own. So no element is forced, and training is like evaluation.

Ours:
- There is a chain for every ordered pair of modalities, so that every condition contributes. All
  codes go to the MMIN family's classifier; errors are added over the chains. Without a third
  modality E is the joint code. If there are several, each has its own g' on the same E'.
- The original's frames are averages over words. Here an encoder reads every frame, and its states
  are averaged over 20 equal segments, like the targets. Errors count real segments only.
- The last layer of a decoder is linear: the original's tanh cannot exceed 1. Gates and attention
  are the textbook's (in the original's code the forget gate equals the input gate, and what the
  decoder adds to the attention's scores cancels out).
"""

from itertools import permutations
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from robust_mer.errors import InputError
from robust_mer.modality import FeatureShape
from robust_mer.models.blocks import classifier, initialise
from robust_mer.models.mctn.decoder import Decoder, decode
from robust_mer.models.mctn.encoder import Encoder
from robust_mer.models.mctn.sequences import mean_square, run
from robust_mer.models.mctn.settings import MCTNSettings
from robust_mer.models.model import Batch, Model
from robust_mer.models.segments import averages, is_real
from robust_mer.models.settings import EMBEDDING, ModelSettings
from robust_mer.tasks.task import Task

Codes = dict[tuple[str, str], Tensor]  # [B, N, H], by source and target of the chain


class MCTN(Model):
    """A chain for every ordered pair of modalities; three linear layers on their joint codes.

    Raises:
        InputError: there is only one modality.
    """

    settings_class: ClassVar[type[ModelSettings]] = MCTNSettings
    settings: MCTNSettings
    needs_clean = True

    def __init__(self, settings: MCTNSettings, inputs: dict[str, FeatureShape], task: Task) -> None:
        super().__init__(settings, inputs, task)
        if len(inputs) < 2:
            raise InputError(
                f"MCTN needs two or more modalities, but the only one is {list(inputs)}"
            )
        self.widths = widths = {modality: shape.width for modality, shape in inputs.items()}
        hidden, segments = settings.hidden, settings.segments
        # Source and target of each chain; source, target and third of each step onward.
        self.pairs, self.triples = list(permutations(widths, 2)), list(permutations(widths, 3))
        self.encoders = nn.ModuleDict({s: Encoder(s, inputs, hidden, segments) for s in widths})
        self.translators = nn.ModuleDict(
            {
                source: nn.ModuleList(
                    # As wide as the wider of both, for the way there and the way back.
                    Decoder(max(widths[source], widths[target]), hidden)
                    for target in widths
                    if target != source
                )
                for source in widths
            }
        )
        self.thirds = nn.ModuleDict(
            {
                source: nn.ModuleList(
                    Decoder(widths[third], hidden) for s, _, third in self.triples if s == source
                )
                for source in widths
            }
        )
        joint = len(self.pairs) * hidden
        self.classifier = classifier([joint, EMBEDDING, EMBEDDING, task.outputs], settings.dropout)
        initialise(self.classifier)

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        """Joint codes [B, E] of the chains that begin at a modality."""
        encoder = cast(Encoder, self.encoders[modality])
        _, joint, count = encoder(frames, lengths)
        return encoder.read(joint, count)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        return self.classifier(torch.cat(list(embeddings.values()), dim=1))

    def is_source(self, is_clean: Tensor) -> Tensor:
        """Which modalities are sources, bool [B, modalities]: all of them."""
        return torch.ones_like(is_clean)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """L of the head of this file; each of its errors is added over the chains."""
        first: Codes = {}
        joint: Codes = {}
        embeddings, counts = {}, {}
        for source, encoder in self.encoders.items():
            of_first, of_joint, count = encoder(batch.received[source], batch.lengths[source])
            chains = [pair for pair in self.pairs if pair[0] == source]
            first |= zip(chains, of_first.unbind(), strict=True)
            joint |= zip(chains, of_joint.unbind(), strict=True)
            embeddings[source] = cast(Encoder, encoder).read(of_joint, count)
            counts[source] = count
        output = self.predict(embeddings, batch.is_clean)
        errors = self._errors(first, joint, counts, batch)
        return {
            self.task.loss_name: self.task.loss(output, batch.target),
            **{
                name: getattr(self.settings, f"weight_{name}") * torch.stack(of_chains).sum()
                for name, of_chains in errors.items()
                if of_chains  # two modalities have no third
            },
        }

    def _errors(
        self, first: Codes, joint: Codes, received: dict[str, Tensor], batch: Batch
    ) -> dict[str, list[Tensor]]:
        """Mean squares of the translations of every chain, from its E and its joint code.

        ``received`` are the numbers of real elements in the codes of every source [B].
        """
        segments, pairs, triples = self.settings.segments, self.pairs, self.triples
        clean, count, real = {}, {}, {}
        for modality, frames in batch.clean.items():
            clean[modality], count[modality] = averages(
                frames, batch.clean_lengths[modality], segments
            )
            real[modality] = is_real(segments, count[modality])
        sources = self.is_source(batch.is_clean).unbind(dim=1)
        is_source = dict(zip(self.widths, sources, strict=True))

        def error(written: Tensor, source: str, target: str) -> Tensor:
            return mean_square(written, clean[target], real[target] & is_source[source][:, None])

        def write(decoders: list[Decoder], states: Tensor, targets: list[str]) -> list[Tensor]:
            return [
                decoder.write(of_chain, self.widths[target])
                for decoder, of_chain, target in zip(decoders, states, targets, strict=True)
            ]

        # The decoders into targets and into thirds take their steps together.
        translators, thirds = _decoders(self.translators), _decoders(self.thirds)
        codes = [*first.values(), *(joint[source, target] for source, target, _ in triples)]
        counts = [received[source] for source, *_ in (*pairs, *triples)]
        states = decode(
            [*translators, *thirds], torch.stack(codes), torch.stack(counts), segments
        ).split([len(pairs), len(triples)])
        there = write(translators, states[0], [target for _, target in pairs])
        onward = write(thirds, states[1], [third for *_, third in triples])

        # Back through the same encoder and decoder.
        encoders = [lstm for one in self.encoders.values() for lstm in cast(Encoder, one).first]
        counts = [count[target] for _, target in pairs]
        again = decode(translators, run(encoders, there, counts), torch.stack(counts), segments)
        back = write(translators, again, [source for source, _ in pairs])
        return {
            "translation": [error(y, s, t) for y, (s, t) in zip(there, pairs, strict=True)],
            "cycle": [error(y, s, s) for y, (s, _) in zip(back, pairs, strict=True)],
            "third": [error(y, s, u) for y, (s, _, u) in zip(onward, triples, strict=True)],
        }


def _decoders(by_source: nn.ModuleDict) -> list[Decoder]:
    """All of them, source by source."""
    lists = [cast(nn.ModuleList, of_source) for of_source in by_source.values()]
    return [cast(Decoder, decoder) for of_source in lists for decoder in of_source]
