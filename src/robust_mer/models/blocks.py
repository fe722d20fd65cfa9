"""Blocks that the models share: encoders, classifier, initialisation, losses.

The sizes are those of the MMIN family, and NMER keeps them (NMER, section 3.3). A block reads an
utterance's real frames only. A prediction therefore depends neither on padding nor on the other
utterances of its batch.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from robust_mer.modality import Encoder, FeatureShape
from robust_mer.models.chance import Dropout
from robust_mer.models.recurrent import lstm_maximum
from robust_mer.models.settings import EMBEDDING

ENCODER_DROPOUT = 0.5  # of the lexical encoder in the MMIN family's code, whatever the model's


class RecurrentEncoder(nn.Module):
    """LSTM over frames, then the maximum over time: acoustic and visual encoder.

    Args:
        width: Dimensions of a frame.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        # It holds the weights, with torch's names and initial values, and is never called.
        self.lstm = nn.LSTM(width, EMBEDDING, batch_first=True)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Encode padded frames [B, T, D], of which ``lengths`` [B] are real: [B, 128].

        An utterance without frames becomes zeros.
        """
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        return lstm_maximum(frames, lengths, *(getattr(self.lstm, name) for name in names))


class TextCNN(nn.Module):
    """Convolutions over 3, 4 and 5 tokens, then the maximum over time: lexical encoder.

    Args:
        width: Dimensions of a token's embedding.
        dropout: Of the pooled convolutions.
    """

    _KERNELS = (3, 4, 5)
    stacked = False  # whether several run as one; the engine sets it

    def __init__(self, width: int, dropout: float = ENCODER_DROPOUT) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, EMBEDDING, kernel) for kernel in self._KERNELS
        )
        self.last = nn.Linear(len(self._KERNELS) * EMBEDDING, EMBEDDING)
        self.dropout = Dropout(dropout)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Encode padded tokens [B, T, D], of which ``lengths`` [B] are real: [B, 128].

        A text of fewer than five tokens is padded to five with zeros. Windows beyond that, and
        windows of padding alone, do not count. A text without tokens becomes zeros.
        """
        longest = max(self._KERNELS)
        if frames.shape[1] < longest:
            frames = functional.pad(frames, (0, 0, 0, longest - frames.shape[1]))
        convolved = self._as_products(frames) if self.stacked else self._convolve(frames)
        pooled = []
        for kernel, windows in zip(self._KERNELS, convolved, strict=True):
            start = torch.arange(windows.shape[2], device=frames.device)
            last_start = lengths.clamp(min=longest)[:, None] - kernel
            real = (start <= last_start) & (start < lengths[:, None])
            # After ReLU no value is below zero, so a masked window never is the maximum.
            pooled.append((windows.relu() * real[:, None]).amax(dim=2))
        embedding = self.last(self.dropout(torch.cat(pooled, dim=1))).relu()
        return torch.where(lengths[:, None] > 0, embedding, 0.0)

    def _convolve(self, frames: Tensor) -> list[Tensor]:
        return [convolution(frames.transpose(1, 2)) for convolution in self.convolutions]

    def _as_products(self, frames: Tensor) -> list[Tensor]:
        """The same as one matrix product and shifted sums; vmap would make grouped convolutions."""
        convolutions = [cast(nn.Conv1d, convolution) for convolution in self.convolutions]
        weights = [c.weight.permute(2, 0, 1).flatten(0, 1) for c in convolutions]
        products = (frames @ torch.cat(weights).T).split([len(w) for w in weights], dim=2)
        convolved = []
        for kernel, product, convolution in zip(self._KERNELS, products, convolutions, strict=True):
            taps, count = product.unflatten(2, (kernel, EMBEDDING)), frames.shape[1] - kernel + 1
            windows = sum(taps[:, tap : tap + count, tap] for tap in range(kernel))
            convolved.append((windows + cast(Tensor, convolution.bias)).transpose(1, 2))
        return convolved


def modality_encoders(
    inputs: dict[str, FeatureShape], dropout: float = ENCODER_DROPOUT
) -> nn.ModuleDict:
    """An encoder per modality, of the kind that its frames need.

    Args:
        inputs: Width and kind of encoder per modality.
        dropout: Of the convolutional ones; the recurrent ones have none.
    """
    encoders: dict[Encoder, Callable[[int], nn.Module]] = {
        "recurrent": RecurrentEncoder,
        "convolutional": partial(TextCNN, dropout=dropout),
    }
    return nn.ModuleDict(
        {modality: encoders[shape.encoder](shape.width) for modality, shape in inputs.items()}
    )


class InvarianceEncoder(nn.Module):
    """Two linear layers, one instance for all modalities: modality-invariant features (IF-MMIN)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(EMBEDDING, EMBEDDING),
            nn.LeakyReLU(),
            nn.Linear(EMBEDDING, EMBEDDING),
            nn.LeakyReLU(),
        )

    def forward(self, embedding: Tensor) -> Tensor:
        """Invariant feature [B, 128] of one modality's embedding [B, 128]."""
        return self.layers(embedding)


class TransformerLayer(nn.Module):
    """A layer of a Transformer's encoder, as ``nn.TransformerEncoderLayer`` without options.

    PyTorch's class draws dropout from torch's generators, which stacked replicas cannot share.

    Args:
        width: Dimensions of a token.
        heads: Of the attention; they divide ``width``.
        feed_forward: Width of the hidden layer behind the attention.
        dropout: Of the attention weights, and after the attention and each feed-forward layer.
    """

    def __init__(self, width: int, heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.project_in = nn.Parameter(torch.empty(3 * width, width))
        self.bias_in = nn.Parameter(torch.zeros(3 * width))
        nn.init.xavier_uniform_(self.project_in)
        self.project_out = nn.Linear(width, width)
        self.expand, self.shrink = nn.Linear(width, feed_forward), nn.Linear(feed_forward, width)
        self.norm_attention, self.norm_feed_forward = nn.LayerNorm(width), nn.LayerNorm(width)
        self.drop_weights, self.drop_attention = Dropout(dropout), Dropout(dropout)
        self.drop_hidden, self.drop_feed_forward = Dropout(dropout), Dropout(dropout)

    def reset_parameters(self) -> None:
        """Give the linear layers PyTorch's own initial weights; the constructor does so too."""
        for layer in (self.project_out, self.expand, self.shrink):
            layer.reset_parameters()

    def forward(self, tokens: Tensor) -> Tensor:
        """Encode tokens [B, T, D], all of them real: [B, T, D]."""
        tokens = self.norm_attention(tokens + self.drop_attention(self._attend(tokens)))
        hidden = self.drop_hidden(self.expand(tokens).relu())
        return self.norm_feed_forward(tokens + self.drop_feed_forward(self.shrink(hidden)))

    def _attend(self, tokens: Tensor) -> Tensor:
        width = tokens.shape[2]
        value = self._project(tokens, slice(2 * width, 3 * width))
        if tokens.shape[1] == 1:
            # A single token has weight 1, whatever query and key are; their gradients are zero.
            weights = value.new_ones(value.shape[0], self.heads, 1, 1)
        else:
            query = self._project(tokens, slice(0, width))
            key = self._project(tokens, slice(width, 2 * width))
            weights = (query @ key.mT / query.shape[3] ** 0.5).softmax(dim=3)
        attended = self.drop_weights(weights) @ value
        return self.project_out(attended.transpose(1, 2).flatten(2))

    def _project(self, tokens: Tensor, rows: slice) -> Tensor:
        """Query, key or value of each head: [B, heads, T, D / heads]."""
        projected = functional.linear(tokens, self.project_in[rows], self.bias_in[rows])
        return projected.unflatten(2, (self.heads, -1)).transpose(1, 2)


class ResidualAutoencoder(nn.Module):
    """Cascade residual autoencoder (CRA): imagines missing embeddings (MMIN, IF-MMIN).

    B = 5 autoencoders follow one another, each with an encoder E_k and a decoder D_k. The input r_0
    is what was received, the output T(r_B) is imagined, and each autoencoder passes on r_k:

    - MMIN: c_k = E_k(r_k-1), r_k = r_k-1 + D_k(c_k);
    - IF-MMIN, with the invariant feature s: c_k = E_k(r_k-1 + s), r_k = D_k(c_k).

    Args:
        width: Of the embeddings.
    """

    _BLOCKS, _SIZES = 5, [256, 128, 64]
    LATENT = _BLOCKS * _SIZES[-1]

    def __init__(self, width: int) -> None:
        super().__init__()
        sizes, blocks = [width, *self._SIZES], range(self._BLOCKS)
        self.encoders = nn.ModuleList(linear_layers(sizes, nn.LeakyReLU) for _ in blocks)
        self.decoders = nn.ModuleList(linear_layers(sizes[::-1], nn.ReLU) for _ in blocks)
        self.transition = linear_layers([width, width, width], nn.ReLU)

    def forward(self, received: Tensor, invariant: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Imagined embeddings [B, width] and the codes c_1 .. c_B side by side, [B, 320].

        Args:
            received: r_0, [B, width].
            invariant: s, [B, width]; None as in MMIN.
        """
        passed, codes = received, []
        for encoder, decoder in zip(self.encoders, self.decoders, strict=True):
            if invariant is None:
                codes.append(encoder(passed))
                passed = passed + decoder(codes[-1])
            else:
                codes.append(encoder(passed + invariant))
                passed = decoder(codes[-1])
        return self.transition(passed), torch.cat(codes, dim=1)


def imagination_target(targets: dict[str, Tensor], is_clean: Tensor) -> Tensor:
    """The target of the imagination [B, 128 x modalities] (MMIN, IF-MMIN).

    It is the teacher's embedding of the clean version where a modality is noisy or missing, and of
    zeros where it is available.

    Args:
        targets: The teacher's ``specific`` and ``of_zeros``, [B, 128 x modalities].
        is_clean: bool [B, modalities].
    """
    clean, of_zeros = (
        targets[name].unflatten(1, (-1, EMBEDDING)) for name in ("specific", "of_zeros")
    )
    return torch.where(is_clean[:, :, None], of_zeros, clean).flatten(1)


def linear_layers(sizes: list[int], activation: type[nn.Module]) -> nn.Sequential:
    """Linear layers of the given sizes, input first, with an activation between them."""
    layers: list[nn.Module] = []
    for size_in, size_out in pairwise(sizes[:-1]):
        layers += [nn.Linear(size_in, size_out), activation()]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


def classifier(sizes: list[int], dropout: float) -> nn.Sequential:
    """Linear layers of the given sizes, input first, with ReLU and dropout between them."""
    layers: list[nn.Module] = []
    for size_in, size_out in pairwise(sizes[:-1]):
        layers += [nn.Linear(size_in, size_out), nn.ReLU(), Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


def initialise(module: nn.Module) -> None:
    """Give linear and convolutional layers Kaiming-normal weights and zero biases, as MMIN does."""
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d)):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(cast(Tensor, layer.bias))


def central_moment_discrepancy(features: list[Tensor], orders: int = 5) -> Tensor:
    """CMD between every two of some features [B, D], mean over the pairs (IF-MMIN).

    It is the norm of the difference of the means, plus the norms of the differences of the central
    moments of orders 2 to ``orders``.
    """
    means = [feature.mean(dim=0) for feature in features]
    centred = [feature - mean for feature, mean in zip(features, means, strict=True)]
    pairs = [(i, j) for i in range(len(features)) for j in range(i)]
    total = features[0].new_zeros(())
    for i, j in pairs:
        total = total + (means[i] - means[j]).norm()
        for order in range(2, orders + 1):
            moments = [(centred[place] ** order).mean(dim=0) for place in (i, j)]
            total = total + (moments[0] - moments[1]).norm()
    return total / max(1, len(pairs))
