"""MCTN: joint codes learnt by translating one modality into another (Pham et al. 2019).

NMER's baseline in its version for classification, which was never published. A chain is the
original's hierarchical model: from a source s a net of encoder f and attention decoder g translates
into a target t and, the same net, back; a second net of f' and g' translates its code into the
third modality u; the joint code, that of the last encoder, is read by an LSTM with attention:

    E = f(x_s)    y_t = g(E)    y_s = g(f(y_t))    E' = f'(E)    y_u = g'(E')
    L = CE + 0.1 |y_t - x_t|^2 + 0.1 |y_s - x_s|^2 + 0.1 |y_u - x_u|^2    (means of squares)

The source is as received, noisy or not, and the model is not told which; targets are clean. Only
training has targets: a code comes from its source alone, and decoders do not run in evaluation.

From the original and its code: BiLSTMs of 32 units with summed directions, LSTM decoders with
additive attention, sequences of 20 elements, the three weights, features padded with zeros to equal
width, the reading LSTM. As in that code a decoder sees no element of its target, neither the true
one nor its own: there is nothing to force, and it runs in training as it would anywhere else.

Ours:
- A chain for every ordered pair of modalities; all their codes to a classifier of the family's, so
  that every condition has something to tell; errors added over the chains. Without a third
  modality E is the joint code; of several, each has its own g' on the same E'.
- The original's frames are averages over words. Here an encoder reads every frame, and its states
  are averaged over 20 equal segments, as the targets are. Errors count real segments only.
- Decoders end linearly: the original's tanh reaches no feature beyond 1. Gates and attention are
  the textbook's (in the original's code the forget gate equals the input gate, and what the
  decoder adds to the attention's scores cancels out).
"""

from itertools import permutations

import torch
from torch import Tensor, nn
from torch.nn import functional

from robust_mer.errors import InputError
from robust_mer.models.blocks import EMBEDDING, classifier, initialise
from robust_mer.models.mmin import TRAINING as OF_MMIN
from robust_mer.models.model import Batch, Model
from robust_mer.models.recurrent import lstm_states

SETTINGS = {
    # How the classification version was optimised is not known: Adam as in the original; rate,
    # epochs, batches, clipping and dropout as in MMIN.
    **OF_MMIN,
    "beta1": 0.9,
    # units of every LSTM
    "hidden": 32,
    # elements of a code and of a target
    "segments": 20,
    # weights of the errors of each chain: into the target, back to the source, into the third
    "weight_translation": 0.1,
    "weight_cycle": 0.1,
    "weight_third": 0.1,
}

LIMITS = {"hidden": (1, 10_000), "segments": (1, 10_000)}


Codes = dict[tuple[str, str], Tensor]  # [B, N, H], by source and target of the chain


class Encoder(nn.Module):
    """The encoders and readers of the chains that begin at one source.

    Args:
        source: The modality that they read.
        widths: Feature dimensions per modality.
        hidden: Units of every LSTM.
        segments: Most elements of a code.
    """

    def __init__(self, source: str, widths: dict[str, int], hidden: int, segments: int) -> None:
        super().__init__()
        self.segments = segments
        targets = [modality for modality in widths if modality != source]
        # As wide as the wider of both, for the way there and the way back.
        self.first = nn.ModuleList(
            nn.LSTM(max(widths[source], widths[target]), hidden, bidirectional=True)
            for target in targets
        )
        has_third = len(targets) > 1
        self.second = nn.ModuleList(
            nn.LSTM(hidden, hidden, bidirectional=True) for _ in targets if has_third
        )
        self.readers = nn.ModuleList(nn.LSTM(hidden, hidden) for _ in targets)
        self.attention = nn.ModuleList(nn.Linear(hidden, 1, bias=False) for _ in targets)

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """E and the joint codes of padded frames [B, T, D] of which ``lengths`` [B] are real.

        Returns:
            Both codes, [K, B, N, H] for the K chains, and how many of the N elements are real, [B].
        """
        chains = len(self.first)
        states = run(self.first, [frames] * chains, [lengths] * chains)
        first, count = averages(states, lengths, self.segments)
        joint = run(self.second, first, [count] * chains) if self.second else first
        return first, joint, count

    def read(self, joint: Tensor, count: Tensor) -> Tensor:
        """The joint codes [K, B, N, H] with ``count`` [B] real elements as one vector, [B, K H].

        With h the reading LSTM's states: sum of a_i h_i, a = softmax(tanh(w h)). The original adds
        a bias to w h, which all but cancels out.
        """
        states = run(self.readers, joint, [count] * len(self.readers))
        weights = torch.stack([layer.weight for layer in self.attention])
        scores = product(states, weights)[..., 0].tanh()
        read = (masked_softmax(scores, count)[..., None] * states).sum(dim=2)
        return read.transpose(0, 1).flatten(1)


class Decoder(nn.Module):
    """LSTM with additive attention on a code (Bahdanau et al. 2015); holds weights, for `decode`.

    Args:
        width: Dimensions of an element of the target.
        hidden: Of the code and of the LSTM.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden, bias=False)
        self.score = nn.Linear(hidden, 1, bias=False)
        self.cell = nn.LSTMCell(hidden, hidden)
        self.output = nn.Linear(hidden, width)

    def write(self, states: Tensor, width: int) -> Tensor:
        """Elements [B, S, width] from states [B, S, H]; only so many dimensions are wanted."""
        return functional.linear(states, self.output.weight[:width], self.output.bias[:width])


def run(lstms: nn.ModuleList, frames: list[Tensor] | Tensor, lengths: list[Tensor]) -> Tensor:
    """States of some LSTMs of one size, the sum of both directions where they have two.

    Args:
        lstms: K of them.
        frames: Of each, [B, T, D]; a D below the LSTM's stands for zeros in the other dimensions.
        lengths: Of each, how many frames are real, [B].

    Returns:
        [K, B, T, H]; zeros behind an utterance's end.
    """
    inputs, recurrent = [], []
    directions = ("", "_reverse") if lstms[0].bidirectional else ("",)
    for lstm, some in zip(lstms, frames, strict=True):
        for direction in directions:
            weight_ih = getattr(lstm, f"weight_ih_l0{direction}")[:, : some.shape[2]]
            bias = getattr(lstm, f"bias_ih_l0{direction}") + getattr(lstm, f"bias_hh_l0{direction}")
            inputs.append(functional.linear(some, weight_ih, bias))
            recurrent.append(getattr(lstm, f"weight_hh_l0{direction}"))
    backwards = torch.arange(len(inputs), device=inputs[0].device) % len(directions) == 1
    lengths = torch.stack([length for length in lengths for _ in directions])
    states = lstm_states(torch.stack(inputs), lengths, torch.stack(recurrent), backwards)
    return states.unflatten(0, (len(lstms), len(directions))).sum(dim=1)


def decode(decoders: list[Decoder], codes: Tensor, count: Tensor, steps: int) -> Tensor:
    """States of some decoders.

    From h_0 = c_0 = 0: a_k = softmax_i(v tanh(W h_{k-1} + b + U E_i)) and
    h_k, c_k = LSTM(sum_i a_ki E_i, h_{k-1}, c_{k-1}).

    Args:
        decoders: K of them.
        codes: E of each, [K, B, N, H].
        count: How many elements of a code are real, [K, B].
        steps: How many elements to decode.

    Returns:
        [K, B, steps, H].
    """

    def stacked(part: str, name: str) -> Tensor:
        return torch.stack([getattr(getattr(decoder, part), name) for decoder in decoders])

    keys = product(codes, stacked("key", "weight"))
    score, from_context = stacked("score", "weight"), stacked("cell", "weight_ih").mT
    # Query and gates are computed from the state in one product.
    from_state = torch.cat([stacked("query", "weight"), stacked("cell", "weight_hh")], dim=1).mT
    bias_of_gates = stacked("cell", "bias_ih") + stacked("cell", "bias_hh")
    bias = torch.cat([stacked("query", "bias"), bias_of_gates], dim=1)[:, None]
    hidden = codes.shape[3]
    state = cell = torch.zeros_like(codes[:, :, 0])
    states = []
    for _ in range(steps):
        query, gates = torch.baddbmm(bias, state, from_state).split([hidden, 4 * hidden], dim=2)
        scores = product((query[:, :, None] + keys).tanh(), score)[..., 0]
        context = (masked_softmax(scores, count)[:, :, None] @ codes)[:, :, 0]
        enter, keep, candidate, leave = (gates + context @ from_context).chunk(4, dim=2)
        cell = keep.sigmoid() * cell + enter.sigmoid() * candidate.tanh()
        state = leave.sigmoid() * cell.tanh()
        states.append(state)
    return torch.stack(states, dim=2)


def product(values: Tensor, weights: Tensor) -> Tensor:
    """Linear maps [K, O, H] of values [K, B, N, H], one each: [K, B, N, O]."""
    return (values.flatten(1, 2) @ weights.mT).unflatten(1, values.shape[1:3])


def masked_softmax(scores: Tensor, count: Tensor) -> Tensor:
    """Softmax of scores [..., N] over the first ``count`` [...] of them; uniform where none is."""
    left_out = ~is_real(scores.shape[-1], count)
    return scores.masked_fill(left_out, torch.finfo(scores.dtype).min).softmax(dim=-1)


def is_real(elements: int, count: Tensor) -> Tensor:
    """Whether each of some elements is one of the first ``count`` [...]: bool [..., elements]."""
    return torch.arange(elements, device=count.device) < count[..., None]


def averages(frames: Tensor, lengths: Tensor, segments: int) -> tuple[Tensor, Tensor]:
    """Averages over equal segments; an utterance of fewer frames than segments stays as it is.

    Args:
        frames: [..., B, T, D], of which ``lengths`` [B] are real.
        lengths: See there.
        segments: N.

    Returns:
        [..., B, N, D], zeros where there is no segment, and how many of the N are real, [B].
    """
    count = lengths.clamp(max=segments)
    padded = frames.shape[-2]
    time = torch.arange(padded, device=frames.device)
    place = time * count[:, None] // lengths.clamp(min=1)[:, None]
    of_segment = torch.arange(segments, device=frames.device)[:, None]
    member = (place[:, None] == of_segment) & is_real(padded, lengths)[:, None]
    member = member.to(frames.dtype)
    return member / member.sum(dim=2, keepdim=True).clamp(min=1) @ frames, count


def mean_square(found: Tensor, expected: Tensor, real: Tensor) -> Tensor:
    """Mean square of the difference of [B, N, D] over those elements that are real, bool [B, N]."""
    squares = (found - expected).square().mean(dim=2)
    return torch.where(real, squares, 0.0).sum() / real.sum().clamp(min=1)


class MCTN(Model):
    """A chain for every ordered pair of modalities; three linear layers on their joint codes.

    Args:
        settings: As ``SETTINGS``.
        widths: Feature dimensions per modality.
        classes: Number of classes.

    Raises:
        InputError: there is only one modality.
    """

    needs_clean = True

    def __init__(self, settings: dict, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        if len(widths) < 2:
            raise InputError(f"MCTN translates between modalities, there is only {list(widths)}")
        self.settings, self.widths = settings, dict(widths)
        hidden, segments = settings["hidden"], settings["segments"]
        # Source and target of each chain; source, target and third of each step onward.
        self.pairs, self.triples = list(permutations(widths, 2)), list(permutations(widths, 3))
        self.encoders = nn.ModuleDict({s: Encoder(s, widths, hidden, segments) for s in widths})
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
        self.thirds = nn.ModuleDict({source: nn.ModuleList() for source in widths})
        for source, _, third in self.triples:
            self.thirds[source].append(Decoder(widths[third], hidden))
        joint = len(self.pairs) * hidden
        self.classifier = classifier([joint, EMBEDDING, EMBEDDING, classes], settings["dropout"])
        initialise(self.classifier)

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        """Joint codes [B, E] of the chains that begin at a modality."""
        encoder = self.encoders[modality]
        _, joint, count = encoder(frames, lengths)
        return encoder.read(joint, count)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        return self.classifier(torch.cat(list(embeddings.values()), dim=1))

    def is_source(self, is_clean: Tensor) -> Tensor:
        """Which modalities are sources, bool [B, modalities]: all of them."""
        return torch.ones_like(is_clean)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """L of the head of this file; each of its errors is added over the chains."""
        first, joint, embeddings = {}, {}, {}
        for source, encoder in self.encoders.items():
            of_first, of_joint, count = encoder(batch.received[source], batch.lengths[source])
            chains = [pair for pair in self.pairs if pair[0] == source]
            first |= zip(chains, of_first.unbind(), strict=True)
            joint |= zip(chains, of_joint.unbind(), strict=True)
            embeddings[source] = encoder.read(of_joint, count)
        logits = self.predict(embeddings, batch.is_clean)
        errors = self._errors(first, joint, batch)
        return {
            "cross_entropy": functional.cross_entropy(logits, batch.label),
            **{
                name: self.settings[f"weight_{name}"] * torch.stack(of_chains).sum()
                for name, of_chains in errors.items()
                if of_chains  # two modalities have no third
            },
        }

    def _errors(self, first: Codes, joint: Codes, batch: Batch) -> dict[str, list[Tensor]]:
        """Mean squares of the translations of every chain, from its E and its joint code."""
        segments, pairs, triples = self.settings["segments"], self.pairs, self.triples
        clean, count, real = {}, {}, {}
        for modality, frames in batch.clean.items():
            clean[modality], count[modality] = averages(frames, batch.lengths[modality], segments)
            real[modality] = is_real(segments, count[modality])
        sources = self.is_source(batch.is_clean).unbind(dim=1)
        is_source = dict(zip(self.widths, sources, strict=True))

        def error(found: Tensor, source: str, target: str) -> Tensor:
            return mean_square(found, clean[target], real[target] & is_source[source][:, None])

        def write(decoders: list[Decoder], states: Tensor, targets: list[str]) -> list[Tensor]:
            return [
                decoder.write(of_chain, self.widths[target])
                for decoder, of_chain, target in zip(decoders, states, targets, strict=True)
            ]

        # The decoders into targets and into thirds take their steps together.
        translators = [decoder for of_source in self.translators.values() for decoder in of_source]
        thirds = [decoder for of_source in self.thirds.values() for decoder in of_source]
        codes = [*first.values(), *(joint[source, target] for source, target, _ in triples)]
        counts = [count[source] for source, *_ in (*pairs, *triples)]
        states = decode(
            [*translators, *thirds], torch.stack(codes), torch.stack(counts), segments
        ).split([len(pairs), len(triples)])
        there = write(translators, states[0], [target for _, target in pairs])
        onward = write(thirds, states[1], [third for *_, third in triples])

        # Back through the same encoder and decoder.
        encoders = [lstm for encoder in self.encoders.values() for lstm in encoder.first]
        counts = [count[target] for _, target in pairs]
        again = decode(translators, run(encoders, there, counts), torch.stack(counts), segments)
        back = write(translators, again, [source for source, _ in pairs])
        return {
            "translation": [error(y, s, t) for y, (s, t) in zip(there, pairs, strict=True)],
            "cycle": [error(y, s, s) for y, (s, _) in zip(back, pairs, strict=True)],
            "third": [error(y, s, u) for y, (s, _, u) in zip(onward, triples, strict=True)],
        }
