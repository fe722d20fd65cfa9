"""How frames spread around their mean, and the discriminant analysis of that."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from robust_mer.models.snr_fusion.discriminant import Known, mean_of_others
from robust_mer.models.snr_fusion.signal import Received, is_intact, principal_axes

_AXES = 64  # at most
_SHRINKAGE = 0.2  # towards the same variance along all axes and no covariance
_LOWEST_VARIANCE = 1e-6
_LARGEST_SCALE = 3.0
_LEAST_LEFT = 1e-3  # of the scatter along an utterance's deviation, without it


def percentiles(frames: Tensor, lengths: Tensor, received: Received) -> Tensor:
    """10th and 90th percentile of each dimension over intact frames, less its mean [B, 2 D].

    Noise widens a distribution: the distances are scaled by the estimated clean standard deviation
    over the received one. They are zero where all is lost.

    Args:
        frames: Padded [B, T, D].
        lengths: Numbers of real frames [B].
        received: The estimates for them.
    """
    kept = is_intact(frames, lengths)
    frames_left = kept.sum(dim=1)  # [B, 1]
    count = frames_left.clamp(min=1)
    values = torch.where(kept, frames, 0.0)
    mean = values.sum(dim=1) / count
    variance = values.square().sum(dim=1) / count - mean.square()
    scale = received.deviation / variance.clamp(min=_LOWEST_VARIANCE).sqrt()
    low = _tenth(torch.where(kept, frames, torch.inf), count)
    high = -_tenth(torch.where(kept, -frames, torch.inf), count)
    distances = torch.cat([low - mean, high - mean], dim=1)
    scale = torch.cat([scale, scale], dim=1).clamp(max=_LARGEST_SCALE)
    return torch.where(frames_left > 0, distances * scale, 0.0)


def _tenth(frames: Tensor, count: Tensor) -> Tensor:
    """10th percentile of the ``count`` [B, 1] finite values over time [B, D], of [B, T, D]."""
    # One more at the end, for utterances without any. Only the lowest are sorted, which is faster.
    by_dimension = pad(frames, (0, 0, 0, 1), value=torch.inf).transpose(1, 2)
    needed = (frames.shape[1] - 1) // 10 + 2
    lowest = by_dimension.contiguous().topk(needed, dim=2, largest=False).values
    place = (count - 1) / 10
    below = place.long()
    low, high = (
        lowest.gather(2, row[:, None].expand(-1, lowest.shape[1], -1))[..., 0]
        for row in (below, (below + 1).minimum(count - 1))
    )
    return low + (high - low) * (place - below)


class SpreadDiscriminant(nn.Module):
    """Log-likelihoods of the classes from the percentiles over an utterance's frames.

    Along the principal axes of clean training utterances, each class is taken to be normally
    distributed, with a covariance that all classes share. What noise changes in the percentiles is
    not modelled. Instead, the log-likelihoods are multiplied by the signal's share in the received
    power.

    What is measured is kept in parameters that no gradient changes.

    Args:
        width: Dimensions D of a frame.
        classes: Their number C.
    """

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        spread = 2 * width
        kept = min(_AXES, spread)
        self.axes = nn.Parameter(torch.eye(spread)[:, :kept].clone())
        self.centre = nn.Parameter(torch.zeros(spread))
        self.means = nn.Parameter(torch.zeros(classes, kept))
        self.counts = nn.Parameter(torch.zeros(classes))
        self.precision = nn.Parameter(torch.eye(kept))

    def measure(self, spread: Tensor, group: Tensor) -> None:
        """Take the classes' means and the covariance within classes.

        Args:
            spread: `percentiles` of clean training utterances [u, 2 D].
            group: Their classes [u]; negative without one.
        """
        spread, group = spread.double()[group >= 0], group[group >= 0]
        of_class = (group[:, None] == torch.arange(len(self.counts))).to(spread.dtype)
        counts = of_class.sum(dim=0)
        centre = spread.sum(dim=0) / max(1, len(spread))
        centred = spread - centre
        axes = principal_axes(centred)[:, -self.axes.shape[1] :]
        placed = centred @ axes
        means = of_class.T @ placed / counts.clamp(min=1)[:, None]
        within = placed - means[group]
        covariance = within.T @ within / _free(counts)
        average = covariance.diagonal().mean().clamp(min=_LOWEST_VARIANCE)
        shrunk = torch.lerp(covariance, average * torch.eye(len(covariance)).double(), _SHRINKAGE)
        with torch.no_grad():
            self.axes.copy_(axes)
            self.centre.copy_(centre)
            self.means.copy_(means)
            self.counts.copy_(counts)
            self.precision.copy_(torch.linalg.inv(shrunk))

    def forward(self, spread: Tensor, received: Received, known: Known | None) -> Tensor:
        """Log-likelihoods [B, C] but for a term that all classes share; zeros if all is lost.

        Args:
            spread: `percentiles` of the utterances [B, 2 D].
            received: The estimates for them.
            known: In training, the same utterances' part in what was measured. It is taken out of
                the mean of their class and out of the covariance, as in `Discriminant`.
        """
        axes, precision, means = self.axes.detach(), self.precision.detach(), self.means.detach()
        placed = (spread - self.centre.detach()) @ axes
        if known is None:
            weights = means @ precision
            likelihood = placed @ weights.T - 0.5 * (weights * means).sum(dim=1)
        else:
            likelihood = self._without_own(
                placed, (known.spread - self.centre.detach()) @ axes, known.group
            )
        is_signal = (received.snr * (math.log(10) / 10)).sigmoid()
        return torch.where(received.lost < 1, is_signal * likelihood, 0.0)

    def _without_own(self, placed: Tensor, clean: Tensor, group: Tensor) -> Tensor:
        """Log-likelihoods [B, C], for each utterance from all others.

        Without an utterance, the scatter within classes lacks a matrix of rank one, so its inverse
        follows from that of all (Sherman-Morrison).

        Args:
            placed: What is received, along the axes [B, A].
            clean: The same for the clean utterances, which were measured.
            group: Their classes [B].
        """
        precision, counts = self.precision.detach(), self.counts.detach()
        is_own = group[:, None] == torch.arange(len(counts), device=counts.device)
        count = is_own.to(counts.dtype) @ counts[:, None]
        own = is_own.to(counts.dtype) @ self.means.detach()
        others = mean_of_others(clean, group, self.means.detach(), counts)
        means = torch.where(is_own[:, :, None], others[:, None], self.means.detach())
        deviation = torch.where(count > 0, clean - own, 0.0)
        turned = deviation @ precision
        removed = (1 - _SHRINKAGE) / _free(counts) * count / (count - 1).clamp(min=1)
        left = 1 - removed * (turned * deviation).sum(dim=1, keepdim=True)
        gain = removed / left.clamp(min=_LEAST_LEFT)
        along = (means * turned[:, None]).sum(dim=2)
        likelihood = (means * (placed @ precision)[:, None]).sum(dim=2)
        likelihood = likelihood + gain * along * (placed * turned).sum(dim=1, keepdim=True)
        squares = ((means @ precision) * means).sum(dim=2) + gain * along.square()
        return likelihood - 0.5 * squares


def _free(counts: Tensor) -> Tensor:
    """Degrees of freedom of the covariance within classes of these sizes [C]."""
    return (counts.sum() - (counts > 0).sum()).clamp(min=1)
