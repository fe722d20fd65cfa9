"""A modality's clean signal, and what noise made of it: SNR by maximum likelihood, Wiener filter.

A frame is taken as ``s + n``, where the signal s has the second moments of clean training frames
along their principal axes, and the noise n has the same unknown power along all axes. Signal
gathers in a few axes and in the mean over an utterance, and noise spreads out. The ratio of the
two therefore shows in a single utterance, whatever its scale.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

MEASURED_AT_ONCE = 256
"""Training utterances that are padded together."""

LOWEST, HIGHEST = -45.0, 30.0
"""Ends of the grid of SNRs in dB."""
_STEP = 2.5

_FLOOR = 1e-6  # of powers that are divided by, or whose logarithm is taken
_TYPICAL_SHARE = 0.95  # of clean utterances, whose atypicality is at most 1
_PARTS = 5  # of the training utterances; each is compared with the moments of the others
_EVENNESS = 0.01  # of the variances between utterances, so that the smallest do not decide alone


class Moments(NamedTuple):
    """Moments of a modality's clean frames in units of its scale.

    Limits of powers and deviations are numbers, which need features of about that scale. The unit
    is a power of 16, so that to divide by it rounds nothing; features whose root mean square is
    between 1/4 and 4 have the unit 1.
    """

    unit: Tensor
    within: Tensor
    """Variance over the frames of an utterance along the axes [D]."""
    between: Tensor
    """Variance of utterances' means [D]."""
    centre: Tensor
    """Mean of utterances' means [D]."""

    @property
    def total(self) -> Tensor:
        """Power along the axes [D]."""
        return self.within + self.between + self.centre.square()


@dataclass(frozen=True)
class Received:
    """Estimates for B utterances of a modality, from their intact frames.

    A frame is intact if it is real and not all zeros. Numbers are in units of `Moments.unit`.
    """

    unit: Tensor

    mean: Tensor
    """Estimate of the clean mean less that of all training utterances, along the axes [B, D]."""
    deviation: Tensor
    """Estimate of the clean standard deviation over frames [B, D]."""
    average: Tensor
    """Mean of the received frames along the axes [B, D]."""
    share: Tensor
    """Power of the clean signal that is left in the received frames, as a share of it [B, 1]."""
    noise: Tensor
    """Power of the noise in `average` [B, 1]."""
    snr: Tensor
    """Mean of the posterior in dB [B, 1]."""
    atypicality: Tensor
    """How far `average` is from what signal and noise explain: its squared deviation in units of
    the variance, mean over the axes, as a multiple of the value that 5 % of clean utterances
    exceed, or of 1 if that is larger [B, 1]. A shift that all frames share raises it. Noise does
    not, if it is independent from frame to frame."""
    signs: Tensor
    """Inputs for judging the damage [B, SIGNS]."""
    lost: Tensor
    """Share of frames that are not intact [B, 1]; 1 for an utterance without frames."""


SIGNS = 9
"""Number of `Received.signs`."""


class Signal(nn.Module):
    """Second moments of a modality's clean frames, and the estimates that rest on them.

    The moments are parameters, so that checkpoints hold those of their fold. `measure` sets them,
    and no gradient changes them.

    Args:
        width: Dimensions D of a frame.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.axes = nn.Parameter(torch.eye(width))
        self.within = nn.Parameter(torch.ones(width))
        self.between = nn.Parameter(torch.ones(width))
        self.centre = nn.Parameter(torch.zeros(width))
        self.typical = nn.Parameter(torch.ones(()))

    def measure(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Take the moments of clean training utterances, from their intact frames.

        Args:
            frames: [n, D], one utterance after the other.
            lengths: Number of frames of each utterance [u].

        Returns:
            The utterances' means along the axes, less the mean of all, in units of `Moments.unit`
            [u, D]; and which utterances have a mean [u].
        """
        frames, lengths = frames.double().cpu(), lengths.cpu()
        utterance = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        intact = (frames != 0).any(dim=1)
        frames, utterance = frames[intact], utterance[intact]
        unit = _unit(frames.square().sum() / max(1, frames.numel()))
        frames = frames / unit
        count = torch.bincount(utterance, minlength=len(lengths))
        has_mean = count > 0
        axes = principal_axes(frames)
        turned = frames @ axes
        sums = turned.new_zeros(len(lengths), turned.shape[1]).index_add_(0, utterance, turned)
        means = sums / count.clamp(min=1)[:, None]
        within = (turned - means[utterance]).square().sum(dim=0)
        within = within / max(1, len(frames) - int(has_mean.sum()))
        centre = means[has_mean].mean(dim=0)
        with torch.no_grad():
            self.axes.copy_(axes)
            self.within.copy_(unit**2 * within.clamp(min=1e-4))
            between = means[has_mean].var(dim=0, correction=0)
            self.between.copy_(unit**2 * between.clamp(min=1e-5))
            self.centre.copy_(unit * centre)
        return (means - centre) * (unit / self.moments().unit), has_mean

    def measure_typical(self, frames: Tensor, lengths: Tensor) -> None:
        """Set the unit of `Received.atypicality` from clean training utterances, as `measure`.

        They are compared with the moments of others: axes fit the utterances that they were taken
        from, the more so the fewer these are. The unit is not below 1, the mean under noise.
        """
        utterances, places = frames.split(lengths.tolist()), torch.arange(len(lengths))
        deviations = []
        for part in range(_PARTS):
            others, left_out = places[places % _PARTS != part], places[places % _PARTS == part]
            measured = torch.cat([frames[:0], *(utterances[place] for place in others)])
            if not measured.any() or not len(left_out):
                continue
            signal = Signal(frames.shape[1])
            signal.measure(measured, lengths[others])
            for some in left_out.split(MEASURED_AT_ONCE):
                padded = pad_sequence([utterances[place] for place in some], batch_first=True)
                received = signal(padded, lengths[some])
                deviations.append(received.atypicality[received.lost < 1])
        values = torch.cat(deviations) if deviations else frames.new_ones(0)
        if len(values):
            with torch.no_grad():
                self.typical.copy_(values.quantile(_TYPICAL_SHARE).clamp(min=1.0))

    def moments(self) -> Moments:
        """What `measure` measured."""
        within, between, centre = (one.detach() for one in (self.within, self.between, self.centre))
        unit = _unit(Moments(within.new_ones(()), within, between, centre).total.mean())
        return Moments(unit, within / unit**2, between / unit**2, centre / unit)

    def forward(self, frames: Tensor, lengths: Tensor) -> Received:
        """Estimates from padded frames [B, T, D], of which ``lengths`` [B] are real."""
        moments, intact = self.moments(), is_intact(frames, lengths)
        kept = intact.sum(dim=1).to(frames.dtype)
        count = kept.clamp(min=1.0)
        frames = torch.where(intact, frames / moments.unit, 0.0)
        average = frames.sum(dim=1) / count
        squares = frames.square()
        square = squares.sum(dim=1) / count
        power = square.mean(dim=1, keepdim=True) + _FLOOR

        axes = self.axes.detach()
        mean = average @ axes
        spread = torch.linalg.vector_norm(frames @ axes, dim=1).square() - count * mean.square()
        snr, uncertainty, noise = _posterior(moments, mean, spread.clamp(min=0.0), count)
        # Of the clean power, in the received frames.
        share = (_ratio(moments, snr) * noise).clamp(_FLOOR, 4.0)
        atypicality = _squared_deviation(moments, mean, share, noise, count)
        deviation = (
            (square - average.square() - noise).clamp(min=1e-4) / share.clamp(min=0.05)
        ).sqrt()
        values = count * frames.shape[2]
        magnitude = torch.linalg.vector_norm(frames, 1, dim=(1, 2))[:, None] / values
        fourth = torch.linalg.vector_norm(squares, dim=(1, 2)).square()[:, None] / values
        lost = 1 - kept / lengths.clamp(min=1)[:, None]
        signs = [
            snr / 20,
            (snr.clamp(max=10) / 20).square(),
            uncertainty / 10,
            (noise + _FLOOR).log() / 3,
            lost,
            count.log() / 3 - 1,
            power.log() / 3,
            magnitude / power.sqrt(),
            (fourth / power.square()).clamp(max=30.0).log1p(),
        ]
        return Received(
            moments.unit,
            torch.where(kept > 0, _wiener(moments, mean, share, noise / count), 0.0),
            torch.where(kept > 0, deviation.clamp(max=4.0), 0.0),
            mean,
            share,
            noise / count,
            snr,
            torch.where(kept > 0, atypicality / self.typical.detach(), 0.0),
            torch.cat(signs, dim=1),
            lost,
        )


def _unit(power: Tensor) -> Tensor:
    """The unit of features of a mean power; see `Moments`."""
    return 16 ** (power.clamp(min=1e-30).log2() / 8).round()


def _ratio(moments: Moments, snr: Tensor) -> Tensor:
    """Clean power over noise power per unit of the moments, from an SNR in dB."""
    return 10 ** (snr / 10) / moments.total.mean()


def _posterior(
    moments: Moments, mean: Tensor, spread: Tensor, count: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and deviation of the SNR in dB and the noise's power, [B, 1] each.

    The prior is flat over the grid. For each SNR, the power of the noise is that of the highest
    likelihood.
    """
    grid = torch.arange(LOWEST, HIGHEST + _STEP / 2, _STEP, device=mean.device)
    ratio = _ratio(moments, grid)[:, None]
    within = ratio * moments.within + 1  # [grid, D]
    raw = moments.between + moments.centre.square()
    between = ratio * raw + 1 / count[:, :, None]  # [B, grid, D]
    values = count * mean.shape[1]
    energy = spread @ (1 / within).T + (mean.square()[:, None] / between).sum(dim=2)
    noise = energy / values + 1e-9
    likelihood = -0.5 * (
        (count - 1) * within.log().sum(dim=1) + between.log().sum(dim=2) + values * noise.log()
    )
    posterior = likelihood.softmax(dim=1)
    snr = (posterior * grid).sum(dim=1, keepdim=True)
    variance = (posterior * grid.square()).sum(dim=1, keepdim=True) - snr.square()
    power = (posterior * noise).sum(dim=1, keepdim=True)
    return snr, variance.clamp(min=0.0).sqrt(), power


def _squared_deviation(
    moments: Moments, mean: Tensor, share: Tensor, noise: Tensor, count: Tensor
) -> Tensor:
    """Squared deviation of received means from the expected one over the variance [B, 1].

    It is the mean over the axes.

    Args:
        moments: Of the clean signal.
        mean: Received, along the axes [B, D].
        share: Of the clean power in the received frames [B, 1].
        noise: Power of the noise in them [B, 1].
        count: Number of frames [B, 1]. The mean of few varies more.
    """
    between = torch.lerp(moments.between, moments.between.mean(), _EVENNESS)
    deviation = mean - share.sqrt() * moments.centre
    variance = share * between + (share * moments.within + noise) / count
    return (deviation.square() / variance).mean(dim=1, keepdim=True)


def _wiener(moments: Moments, mean: Tensor, share: Tensor, noise: Tensor) -> Tensor:
    """The clean mean's estimate in units of the deviation between utterances [B, D].

    Args:
        moments: Of the clean signal.
        mean: Received, along the axes [B, D].
        share: Of the clean power in it [B, 1].
        noise: Power of the noise in it [B, 1].
    """
    between = moments.between
    gain = share.sqrt() * between / (share * between + noise)
    return gain * (mean - share.sqrt() * moments.centre) / between.mean().sqrt()


def principal_axes(rows: Tensor) -> Tensor:
    """Eigenvectors of the second moments of rows [n, D], by rising power, as columns [D, D]."""
    axes = torch.linalg.eigh(rows.T @ rows / max(1, len(rows))).eigenvectors
    # The sign of an eigenvector is arbitrary; fixing it makes runs repeat across machines.
    largest = axes.abs().argmax(dim=0)
    return axes * axes[largest, torch.arange(axes.shape[1])].sign()


def is_intact(frames: Tensor, lengths: Tensor) -> Tensor:
    """Which frames are real and not all zeros [B, T, 1]."""
    real = torch.arange(frames.shape[1], device=frames.device) < lengths[:, None]
    return (real & (frames != 0).any(dim=2))[..., None]
