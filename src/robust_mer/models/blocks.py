"""Blocks that the models share: encoders, classifier, initialisation, losses.

Sizes are those of the MMIN family, which NMER follows (NMER, section 3.3). No block looks past an
utterance's own length, so a prediction depends neither on padding nor on batch mates.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

EMBEDDING = 128


class RecurrentEncoder(nn.Module):
    """LSTM over frames, maximum over time: acoustic and visual encoder.

    Args:
        width: Dimensions of a frame.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, EMBEDDING, batch_first=True)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Encode padded frames [B, T, D] of which ``lengths`` [B] are real: [B, 128].

        An utterance without frames becomes zeros.
        """
        if frames.shape[1] == 0:
            return frames.new_zeros(len(frames), EMBEDDING)
        # The LSTM runs forward in time, so padding behind an utterance cannot reach its frames.
        states, _ = self.lstm(frames)
        real = torch.arange(frames.shape[1], device=frames.device) < lengths[:, None]
        highest = states.masked_fill(~real[..., None], -torch.inf).amax(dim=1)
        return torch.where(lengths[:, None] > 0, highest, 0.0)


class TextCNN(nn.Module):
    """Convolutions over 3, 4 and 5 tokens, maximum over time: lexical encoder.

    Args:
        width: Dimensions of a token's embedding.
    """

    _KERNELS = (3, 4, 5)
    _DROPOUT = 0.5  # of its own, whatever the model's

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, EMBEDDING, kernel) for kernel in self._KERNELS
        )
        self.last = nn.Linear(len(self._KERNELS) * EMBEDDING, EMBEDDING)
        self.dropout = nn.Dropout(self._DROPOUT)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Encode padded tokens [B, T, D] of which ``lengths`` [B] are real: [B, 128].

        Texts under five tokens count as padded to five with zeros; later windows and windows of
        padding alone are left out. A text without tokens becomes zeros.
        """
        longest = max(self._KERNELS)
        if frames.shape[1] < longest:
            frames = functional.pad(frames, (0, 0, 0, longest - frames.shape[1]))
        signal = frames.transpose(1, 2)
        pooled = []
        for kernel, convolution in zip(self._KERNELS, self.convolutions, strict=True):
            windows = convolution(signal).relu()
            start = torch.arange(windows.shape[2], device=frames.device)
            last_start = lengths.clamp(min=longest)[:, None] - kernel
            real = (start <= last_start) & (start < lengths[:, None])
            # ReLU makes zero the lowest value, so a masked window never wins.
            pooled.append((windows * real[:, None]).amax(dim=2))
        embedding = self.last(self.dropout(torch.cat(pooled, dim=1))).relu()
        return torch.where(lengths[:, None] > 0, embedding, 0.0)


def modality_encoders(widths: dict[str, int]) -> nn.ModuleDict:
    """An encoder per modality: TextCNN for text, LSTM for everything else."""
    return nn.ModuleDict(
        {
            modality: TextCNN(width) if modality == "text" else RecurrentEncoder(width)
            for modality, width in widths.items()
        }
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


def classifier(sizes: list[int], dropout: float) -> nn.Sequential:
    """Linear layers of the given sizes, input first, with ReLU and dropout between them."""
    layers: list[nn.Module] = []
    for size_in, size_out in pairwise(sizes[:-1]):
        layers += [nn.Linear(size_in, size_out), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


def initialise(module: nn.Module) -> None:
    """Kaiming-normal weights and zero biases for linear and convolutional layers, as MMIN does."""
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d)):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)


def central_moment_discrepancy(features: list[Tensor], orders: int = 5) -> Tensor:
    """CMD between every two of some features [B, D], mean over the pairs (IF-MMIN).

    Norm of the difference of means plus norms of the differences of the central moments of orders
    2 to ``orders``.
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
