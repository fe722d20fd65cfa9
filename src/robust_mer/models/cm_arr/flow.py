"""A normalizing flow: an invertible map between representations and N(0, I).

Affine couplings (RealNVP, Dinh et al. 2017), each after an ActNorm (Glow, Kingma and Dhariwal
2018), with permutations between them. CM-ARR does not say which flow it uses; this one is ours.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn


class Flow(nn.Module):
    """x <-> z with log p(x) = log N(z; 0, I) + log |det dz/dx|.

    Two permutations alternate: the halves change places, or they are shuffled into each other. So
    one of every two couplings transforms a dimension, and the next two couplings have other halves.
    (With random permutations, 8 couplings would leave one dimension in 256 unchanged.)

    Args:
        width: Dimensions of a representation; even.
        couplings: How many; two or more transform every dimension.
    """

    def __init__(self, width: int, couplings: int) -> None:
        super().__init__()
        self.steps = nn.ModuleList(_Step(width) for _ in range(couplings))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Latents z [B, D] of representations [B, D], and log |det dz/dx| [B]."""
        log_determinant = x.new_zeros(x.shape[0])
        for place, step in enumerate(self.steps):
            x, of_step = step(x)
            x = _permute(x, place)
            log_determinant = log_determinant + of_step
        return x, log_determinant

    def inverse(self, z: Tensor) -> Tensor:
        """Representations [B, D] of latents [B, D]."""
        for place, step in reversed(list(enumerate(self.steps))):
            z = cast(_Step, step).inverse(_permute_back(z, place))
        return z

    def negative_log_likelihood(self, x: Tensor) -> Tensor:
        """-log p(x) per dimension, [B]."""
        z, log_determinant = self(x)
        log_prior = -0.5 * (z**2 + math.log(2 * math.pi)).sum(dim=1)
        return -(log_prior + log_determinant) / x.shape[1]


class _Step(nn.Module):
    """ActNorm and an affine coupling.

    ActNorm starts as the identity. Glow sets it from the first batch; replicas that train as one
    cannot do this, because their code must not depend on values.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(width))
        self.bias = nn.Parameter(torch.zeros(width))
        first, last = nn.Linear(width // 2, width), nn.Linear(width, width)
        self.coupling = nn.Sequential(first, nn.ReLU(), last)
        # With small last weights, a flow of many couplings starts near the identity.
        nn.init.normal_(last.weight, std=0.01)
        nn.init.zeros_(last.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Transformed values [B, D] and the log-determinant [B]."""
        x = (x + self.bias) * self.log_scale.exp()
        kept, changed = x.chunk(2, dim=1)
        log_s, t = self._affine(kept)
        transformed = torch.cat([kept, changed * log_s.exp() + t], dim=1)
        return transformed, self.log_scale.sum() + log_s.sum(dim=1)

    def inverse(self, y: Tensor) -> Tensor:
        """The values [B, D] before the transformation."""
        kept, changed = y.chunk(2, dim=1)
        log_s, t = self._affine(kept)
        x = torch.cat([kept, (changed - t) * (-log_s).exp()], dim=1)
        return x * (-self.log_scale).exp() - self.bias

    def _affine(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        """Log s and t, [B, D / 2] each, from the half that stays unchanged.

        s lies in (1/e, e). Glow's sigmoid(log s + 2) may come close to zero, and then the inverse,
        which rebuilds representations, has no bound.
        """
        raw, t = self.coupling(kept).chunk(2, dim=1)
        return raw.tanh(), t


def _permute(values: Tensor, place: int) -> Tensor:
    halves = values.unflatten(1, (2, -1))
    return (halves.mT if place % 2 else halves.flip(1)).flatten(1)


def _permute_back(values: Tensor, place: int) -> Tensor:
    if place % 2:
        return values.unflatten(1, (-1, 2)).mT.flatten(1)
    return values.unflatten(1, (2, -1)).flip(1).flatten(1)
