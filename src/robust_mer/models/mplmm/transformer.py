"""The Transformer of crossmodal attention that MPLMM works on (MulT, Tsai et al., ACL 2019).

One modality's tokens ask another's. Layers normalise what enters them (pre-norm), the keys do not
change from layer to layer, and a token attends to no later one. Without other tokens, tokens ask
themselves.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from robust_mer.models.chance import Dropout


class CrossmodalLayer(nn.Module):
    """Attention and a feed-forward network of four times the width, each added to what enters it.

    Args:
        width: Of a token.
        heads: They divide ``width``.
        dropout: Of the attention weights, and after the attention and each feed-forward layer.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.project_in = nn.Parameter(torch.empty(3 * width, width))
        self.bias_in = nn.Parameter(torch.zeros(3 * width))
        self.project_out = nn.Linear(width, width)
        self.expand, self.shrink = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.norm_attention, self.norm_feed_forward = nn.LayerNorm(width), nn.LayerNorm(width)
        self.drop_weights, self.drop_attention = Dropout(dropout), Dropout(dropout)
        self.drop_hidden, self.drop_feed_forward = Dropout(dropout), Dropout(dropout)
        nn.init.xavier_uniform_(self.project_in)
        for layer in (self.project_out, self.expand, self.shrink):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, tokens: Tensor, keys: Tensor | None, values: Tensor | None) -> Tensor:
        """Tokens [B, N, D] from tokens, and from others [B, M, D]; None: from themselves."""
        query = self.norm_attention(tokens)
        key = query if keys is None else self.norm_attention(keys)
        value = query if values is None else self.norm_attention(values)
        tokens = tokens + self.drop_attention(self._attend(query, key, value))
        hidden = self.drop_hidden(self.expand(self.norm_feed_forward(tokens)).relu())
        return tokens + self.drop_feed_forward(self.shrink(hidden))

    def _attend(self, *inputs: Tensor) -> Tensor:
        weights, biases = self.project_in.chunk(3), self.bias_in.chunk(3)
        query, key, value = (
            functional.linear(one, weight, bias).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for one, weight, bias in zip(inputs, weights, biases, strict=True)
        )
        scores = query @ key.mT / query.shape[3] ** 0.5
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        attended = self.drop_weights(scores.masked_fill(later, -torch.inf).softmax(dim=3)) @ value
        return self.project_out(attended.transpose(1, 2).flatten(2))


class CrossmodalTransformer(nn.Module):
    """Tokens of one modality that have attended to another's, normalised.

    Args:
        width: Of a token; even.
        heads: They divide ``width``.
        layers: One after the other.
        dropout: See `CrossmodalLayer`.
        dropout_embedding: Of tokens and keys with their positions.
    """

    def __init__(
        self, width: int, heads: int, layers: int, dropout: float, dropout_embedding: float
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(CrossmodalLayer(width, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.drop_tokens, self.drop_keys, self.drop_values = (
            Dropout(dropout_embedding) for _ in range(3)
        )

    def forward(self, tokens: Tensor, others: Tensor | None = None) -> Tensor:
        """Tokens [B, N, D] from tokens [B, N, D] and those of the other modality [B, N, D]."""
        keys = values = None
        if others is not None:
            placed = _placed(others)
            keys, values = self.drop_keys(placed), self.drop_values(placed)
        tokens = self.drop_tokens(_placed(tokens))
        for layer in self.layers:
            tokens = layer(tokens, keys, values)
        return self.norm(tokens)


def _placed(tokens: Tensor) -> Tensor:
    """Scaled tokens plus sines and cosines of their position, which is counted from 1."""
    count, width = tokens.shape[1:]
    half = width // 2
    steps = torch.arange(half, device=tokens.device) * (-math.log(10_000) / max(1, half - 1))
    angles = torch.arange(1, count + 1, device=tokens.device)[:, None] * steps.exp()
    return width**0.5 * tokens + torch.cat([angles.sin(), angles.cos()], dim=1)
