"""Linear discriminant analysis of a modality's means, for each SNR anew."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from robust_mer.models.snr_fusion.signal import Received

_SHRINKAGE = 0.5  # towards equal variances along all axes
_LOWEST_VARIANCE = 1e-6


@dataclass(frozen=True)
class Known:
    """What both discriminants measured of B training utterances."""

    group: Tensor
    """Class [B]; negative without one."""
    average: Tensor
    """Mean of the clean frames along the axes [B, D]."""
    spread: Tensor
    """Percentiles of the clean frames [B, 2 D]; see `percentiles`."""


def class_means(value: Tensor, group: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Means of the classes [C, D], zero without utterances, and their numbers of utterances [C].

    Args:
        value: Of the utterances [u, D].
        group: Their classes [u].
        classes: Their number C.
    """
    is_of_class = (group[:, None] == torch.arange(classes)).to(value.dtype)
    counts = is_of_class.sum(dim=0)
    return is_of_class.T @ value / counts.clamp(min=1)[:, None], counts


def degrees_of_freedom(counts: Tensor) -> Tensor:
    """Of the covariance within classes of these sizes [C]; at least 1."""
    return (counts.sum() - (counts > 0).sum()).clamp(min=1)


def mean_of_others(value: Tensor, group: Tensor, means: Tensor, counts: Tensor) -> Tensor:
    """Mean of each utterance's class without the utterance itself [B, D].

    It is zero, the mean of all utterances, if there are no others.

    Args:
        value: Of the utterances, less the mean of all [B, D].
        group: Their classes [B]; negative without one.
        means: Of the classes [C, D].
        counts: Numbers of utterances of the classes [C].
    """
    is_own = group[:, None] == torch.arange(len(counts), device=counts.device)
    count = is_own.to(value.dtype) @ counts[:, None]
    total = count * (is_own.to(value.dtype) @ means) - value
    return torch.where(count > 1.5, total / (count - 1).clamp(min=1), 0.0)


class Discriminant(nn.Module):
    """Log-likelihoods of the classes, for utterances of any SNR.

    The clean means of a class are taken to be normally distributed, with a variance along each axis
    that all classes share. Noise scales the signal down and adds its own variance, the same along
    all axes. So what the classes predict of a received mean is known for each SNR, without
    training.

    What is measured is kept in parameters that no gradient changes.

    Args:
        width: Dimensions D of a frame.
        classes: Their number C.
    """

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.means = nn.Parameter(torch.zeros(classes, width))
        self.counts = nn.Parameter(torch.zeros(classes))
        self.variance = nn.Parameter(torch.ones(width))

    def measure(self, centred: Tensor, group: Tensor) -> None:
        """Take the classes' means and the variance within classes.

        Args:
            centred: Means of clean training utterances along the axes [u, D], less the mean of all.
            group: Their classes [u]; negative without one.
        """
        centred, group = centred[group >= 0], group[group >= 0]
        means, counts = class_means(centred, group, len(self.counts))
        deviation = centred - means[group]
        variance = deviation.square().sum(dim=0) / degrees_of_freedom(counts)
        variance = torch.lerp(variance, variance.mean(), _SHRINKAGE)
        with torch.no_grad():
            self.means.copy_(means)
            self.counts.copy_(counts)
            self.variance.copy_(variance.clamp(min=_LOWEST_VARIANCE))

    def forward(self, received: Received, centre: Tensor, known: Known | None) -> Tensor:
        """Log-likelihoods [B, C] but for a term that all classes share; zeros if all is lost.

        Args:
            received: The utterances.
            centre: Mean of all clean training utterances along the axes [D].
            known: In training, the same utterances' part in what was measured. It is taken out of
                the mean of their class, because the network that weighs the answers must see them
                as good as they are for utterances that were not measured.
        """
        means = self.means.detach()
        root = received.share.sqrt()
        variance = received.share * self.variance.detach() + received.noise
        value = root * (received.average - root * centre.detach())
        likelihood = (value / variance) @ means.T
        likelihood = likelihood - 0.5 * (received.share / variance) @ means.square().T
        if known is not None:
            clean = known.average - centre.detach()
            others = mean_of_others(clean, known.group, means, self.counts.detach())
            own = (value * others - 0.5 * received.share * others.square()) / variance
            is_own = known.group[:, None] == torch.arange(len(means), device=means.device)
            likelihood = torch.where(is_own, own.sum(dim=1, keepdim=True), likelihood)
        return torch.where(received.lost < 1, likelihood, 0.0)
