"""How frames spread around their mean, and the discriminant analysis of that."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from robust_mer.models.snr_fusion.discriminant import (
    Known,
    class_means,
    degrees_of_freedom,
    mean_of_others,
)
from robust_mer.models.snr_fusion.signal import Received, is_intact, principal_axes

_AXES = 64  # at most
_SHRINKAGE = 0.2  # towards the same variance along all axes and no covariance
_LOWEST_VARIANCE = 1e-6
_LARGEST_SCALE = 3.0
_LOWEST_REMAINDER = 1e-3  # share of the scatter along an utterance's deviation, without it


def percentiles(frames: Tensor, lengths: Tensor, received: Received) -> Tensor:
    """10th and 90th percentile of each dimension over intact frames, less its mean [B, 2 D].

    Noise widens a distribution: the distances are scaled by the estimated clean standard deviation
    over the received one. They are zero where all is lost, and in units of ``received.unit``.

    Args:
        frames: Padded [B, T, D].
        lengths: Numbers of real frames [B].
        received: The estimates for them.
    """
    intact = is_intact(frames, lengths)
    total = intact.sum(dim=1)  # [B, 1]
    count = total.clamp(min=1)
    frames = frames / received.unit
    values = torch.where(intact, frames, 0.0)
    mean = values.sum(dim=1) / count
    variance = values.square().sum(dim=1) / count - mean.square()
    scale = received.deviation / variance.clamp(min=_LOWEST_VARIANCE).sqrt()
    low = _tenth_percentile(torch.where(intact, frames, torch.inf), count)
    high = -_tenth_percentile(torch.where(intact, -frames, torch.inf), count)
    distances = torch.cat([low - mean, high - mean], dim=1)
    scale = torch.cat([scale, scale], dim=1).clamp(max=_LARGEST_SCALE)
    return torch.where(total > 0, distances * scale, 0.0)


def _tenth_percentile(frames: Tensor, count: Tensor) -> Tensor:
    """10th percentile of the ``count`` [B, 1] finite values over time [B, D], of [B, T, D]."""
    # One more row, so that there are two even for a single frame. Sorting only the lowest values
    # is faster than sorting all.
    by_dimension = pad(frames, (0, 0, 0, 1), value=torch.inf).transpose(1, 2)
    needed = (frames.shape[1] + 9) // 10 + 1
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
        axes = min(_AXES, 2 * width)
        self.axes = nn.Parameter(torch.eye(2 * width)[:, :axes].clone())
        self.centre = nn.Parameter(torch.zeros(2 * width))
        self.means = nn.Parameter(torch.zeros(classes, axes))
        self.counts = nn.Parameter(torch.zeros(classes))
        self.precision = nn.Parameter(torch.eye(axes))

    def measure(self, spread: Tensor, group: Tensor) -> None:
        """Take the classes' means and the covariance within classes.

        Args:
            spread: `percentiles` of clean training utterances [u, 2 D].
            group: Their classes [u]; negative without one.
        """
        spread, group = spread.double()[group >= 0], group[group >= 0]
        centre = spread.sum(dim=0) / max(1, len(spread))
        axes = principal_axes(spread - centre)[:, -self.axes.shape[1] :]
        projected = (spread - centre) @ axes
        means, counts = class_means(projected, group, len(self.counts))
        deviation = projected - means[group]
        covariance = deviation.T @ deviation / degrees_of_freedom(counts)
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
                the mean of their class, as in `Discriminant`, and out of the scatter within
                classes. Axes, centre, and what the covariance is shrunk towards stay.
        """
        axes, precision, means = self.axes.detach(), self.precision.detach(), self.means.detach()
        projected = (spread - self.centre.detach()) @ axes
        if known is None:
            weights = means @ precision
            likelihood = projected @ weights.T - 0.5 * (weights * means).sum(dim=1)
        else:
            clean = (known.spread - self.centre.detach()) @ axes
            likelihood = self._without_own(projected, clean, known.group)
        signal_share = (received.snr * (math.log(10) / 10)).sigmoid()
        return torch.where(received.lost < 1, signal_share * likelihood, 0.0)

    def _without_own(self, projected: Tensor, clean: Tensor, group: Tensor) -> Tensor:
        """Log-likelihoods [B, C], for each utterance from all others.

        Without an utterance, the scatter within classes lacks a matrix of rank one, so its inverse
        follows from that of all (Sherman-Morrison).

        Args:
            projected: What is received, along the axes [B, A].
            clean: The same for the clean utterances, which were measured.
            group: Their classes [B].
        """
        precision, counts = self.precision.detach(), self.counts.detach()
        is_own = group[:, None] == torch.arange(len(counts), device=counts.device)
        count = is_own.to(counts.dtype) @ counts[:, None]
        class_mean = is_own.to(counts.dtype) @ self.means.detach()
        mean_without = mean_of_others(clean, group, self.means.detach(), counts)
        means = torch.where(is_own[:, :, None], mean_without[:, None], self.means.detach())
        deviation = torch.where(count > 0, clean - class_mean, 0.0)
        whitened = deviation @ precision
        share = (1 - _SHRINKAGE) / degrees_of_freedom(counts) * count / (count - 1).clamp(min=1)
        remainder = 1 - share * (whitened * deviation).sum(dim=1, keepdim=True)
        update = share / remainder.clamp(min=_LOWEST_REMAINDER)
        of_means = (means * whitened[:, None]).sum(dim=2)
        of_projected = (projected * whitened).sum(dim=1, keepdim=True)
        likelihood = (means * (projected @ precision)[:, None]).sum(dim=2)
        likelihood = likelihood + update * of_means * of_projected
        squares = ((means @ precision) * means).sum(dim=2) + update * of_means.square()
        return likelihood - 0.5 * squares
