"""Uncertainty of a modality in CM-ARR: a Gaussian from an embedding (UMC)."""

from typing import NamedTuple

from torch import Tensor, nn


class Gaussian(NamedTuple):
    """Diagonal Gaussians of some utterances, [B, D] each."""

    mean: Tensor
    deviation: Tensor


class UMC(nn.Module):
    """A Gaussian from an embedding (Figure 3; details after MAP, Ji et al. 2023).

    x' = LN(g(W x)); mu = x + W_mu x'; log sigma = W_sigma x'; and to each an MLP of its LayerNorm
    is added, D -> 4 D -> D with g = GELU inside.

    Args:
        width: Dimensions of an embedding.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.mean, self.log_deviation = nn.Linear(width, width), nn.Linear(width, width)
        self.mlp_mean, self.mlp_log_deviation = _feed_forward(width), _feed_forward(width)

    def forward(self, embedding: Tensor) -> Gaussian:
        """The Gaussians of embeddings [B, D]."""
        shared = self.shared(embedding)
        mean = embedding + self.mean(shared)
        mean = mean + self.mlp_mean(mean)
        log_deviation = self.log_deviation(shared)
        log_deviation = log_deviation + self.mlp_log_deviation(log_deviation)
        return Gaussian(mean, log_deviation.exp())


def _feed_forward(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
    )
