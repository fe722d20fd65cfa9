"""Corruption of a fold's frames: the fixed noise of evaluation, and fresh noise in training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from robust_mer.conditions import Corruption
from robust_mer.corruption.draws import FreshDraws, send
from robust_mer.corruption.levels import evaluation_levels, is_lost, offsets, shifted
from robust_mer.corruption.noise import Noise, add_noise, build_noise, evaluation_noise
from robust_mer.corruption.stretch import hit_by
from robust_mer.data import Normaliser
from robust_mer.engine.frames import Frames, Normalise


@dataclass(frozen=True)
class CorruptionOfModality:
    """The corruption of a modality in a fold."""

    kind: str
    noise: Noise
    alpha_bar: float | None
    """None: the noise multiplies the frames instead of being added to them."""
    stretch: tuple[float, float] | None = None
    """Start and end of the part of an utterance that is hit, as fractions; None: all of it."""
    snr: float | None = None
    """In dB, of the whole utterance; the middle of a range; None if there is none."""
    span: float = 0.0
    """Width of the range from which each utterance draws its SNR, in dB."""
    lost: float | None = None
    """Mean rate at which it is lost altogether; None: never."""

    @property
    def has_levels(self) -> bool:
        """Whether utterances differ in SNR."""
        return self.span > 0

    def snrs(self, levels: np.ndarray) -> np.ndarray:
        """SNR of each utterance in dB [...] by its draws [..., DRAWS]; NaN if there is none."""
        snr = (np.nan if self.snr is None else self.snr) + offsets(levels, self.span)
        return snr if self.lost is None else np.where(is_lost(levels, self.lost), np.nan, snr)


@dataclass(frozen=True)
class CorruptionOfFold:
    """The corruption of a fold."""

    modalities: dict[str, CorruptionOfModality]
    """Noise on features, by modality."""
    seed: int
    """Of the noise in evaluation."""
    recorded: Mapping[str, np.ndarray] = field(default_factory=dict)
    """By modality whose recordings are corrupted: where the rows of each draw's features begin
    among those of `Frames` [draws]; see `load_frames`."""
    follows: Mapping[str, str] = field(default_factory=dict)
    """By modality, an earlier one whose draw it shares, because one recording gave both."""

    @property
    def is_nothing(self) -> bool:
        """Whether it touches no modality."""
        return not (self.modalities or self.recorded)

    def first_draw(self, modality: str, rows: np.ndarray) -> np.ndarray:
        """The rows of `Frames` that hold what is received of the utterances ``rows``, by draw 1."""
        begin = self.recorded.get(modality)
        return rows if begin is None else rows + begin[0]


NO_CORRUPTION = CorruptionOfFold({}, 0)


def corruption_of_fold(
    corruption: Corruption,
    alpha_bars: Mapping[tuple[int, str], float],
    fold: int,
    recorded: Mapping[tuple[str, str], np.ndarray] = MappingProxyType({}),
) -> CorruptionOfFold:
    """A corruption with the schedule of a fold.

    Args:
        corruption: The corruption.
        alpha_bars: abar by (fold, modality) from its schedule.
        fold: The fold.
        recorded: Where the draws of corruptions of recordings begin, by the corruption's name and
            the modality; none if `Frames` hold corrupted features in place of the clean ones.
    """
    modalities = {
        modality: CorruptionOfModality(
            spec.kind,
            build_noise(spec),
            None if spec.is_mask else alpha_bars[fold, modality],
            spec.stretch,
            None if spec.stretch else spec.target_snr_db,
            spec.snr_span_db,
            spec.lost,
        )
        for modality, spec in corruption.noises.items()
    }
    begins = {m: recorded[raw, m] for m, raw in corruption.recorded.items() if (raw, m) in recorded}
    leaders: dict[str, str] = {}
    for modality, raw in corruption.recorded.items():
        leaders.setdefault(raw, modality)
    follows = {m: leaders[raw] for m, raw in corruption.recorded.items() if leaders[raw] != m}
    return CorruptionOfFold(modalities, corruption.seed or 0, begins, follows)


def evaluation_frames(
    frames: dict[str, Frames],
    normalisers: dict[str, Normaliser],
    utterances: list[str],
    rows: np.ndarray,
    part: str,
    corruption: CorruptionOfFold,
) -> dict[str, Frames]:
    """Normalised frames of a part with evaluation noise, by modality; rows as in ``rows``.

    Of corrupted recordings, it takes draw 1.
    """
    of_part = {}
    for modality, stored in frames.items():
        device = stored.values.device
        received = corruption.first_draw(modality, rows)
        values = Normalise.on(device, normalisers[modality])(stored.take(received))
        length = stored.length[received]
        spec = corruption.modalities.get(modality)
        if spec is not None and len(values):
            names = [utterances[row] for row in rows]
            key = spec.kind, corruption.seed, part, modality, names
            drawn = evaluation_noise(spec.noise, *key, length, values.shape[1]).to(device)
            if spec.has_levels:
                values = _at_levels(values, drawn, length, spec, evaluation_levels(*key))
            else:
                values = _noisy(values, drawn, length, spec)
        of_part[modality] = Frames(values, length.cumsum() - length, length)
    return of_part


def corrupt_afresh(
    values: Tensor,
    lengths: np.ndarray,
    corruption: np.ndarray,
    corruptions: list[CorruptionOfModality | None],
    draws: FreshDraws,
    levels: np.ndarray | None = None,
) -> Tensor:
    """Frames [n, D] of a modality of training utterances, with fresh noise.

    Args:
        values: The clean frames, one utterance after the other; they may be overwritten.
        lengths: Number of frames of each utterance [u].
        corruption: Place in ``corruptions`` of each utterance's corruption [u].
        corruptions: The effect of each on the modality; None if it does not touch it. Those with
            the same noise are drawn together.
        draws: Source of the random numbers.
        levels: Draws of each utterance's SNR [u, DRAWS]; needed if corruptions have ranges of it.
    """
    places: dict[str, list[int]] = {}
    first: dict[str, CorruptionOfModality] = {}
    for place in np.unique(corruption).tolist():
        one = corruptions[place]
        if one is not None:
            key = f"{one.noise.key} {one.stretch} {place if one.has_levels else ''}"
            places.setdefault(key, []).append(place)
            first.setdefault(key, one)
    shares = [0.0 if one is None else one.alpha_bar or 0.0 for one in corruptions]
    alpha_bar = np.array(shares)[corruption]
    for key, same in places.items():
        spec = first[key]
        chosen = np.isin(corruption, same)
        counts = lengths[chosen]
        part, frames = values, None
        if not chosen.all():
            frames = send(np.repeat(chosen, lengths).nonzero()[0], values.device)
            part = values.index_select(0, frames)
        drawn = spec.noise(counts, values.shape[1], draws)
        if spec.has_levels:
            assert levels is not None
            part = _at_levels(part, drawn, counts, spec, levels[chosen])
        else:
            several = None if len(same) == 1 else np.repeat(alpha_bar[chosen], counts)
            part = _noisy(part, drawn, counts, spec, several)
        if frames is None:
            return part
        values.index_copy_(0, frames, part)
    return values


def _noisy(
    values: Tensor,
    drawn: Tensor,
    lengths: np.ndarray,
    spec: CorruptionOfModality,
    alpha_bar: np.ndarray | None = None,
) -> Tensor:
    """Frames [n, D] with the drawn noise [n, D], by default at the corruption's own abar."""
    if spec.alpha_bar is None:
        noisy = values * drawn
    else:
        noisy = add_noise(values, drawn, spec.alpha_bar if alpha_bar is None else alpha_bar)
    return _within(spec.stretch, lengths, noisy, values)


def _at_levels(
    values: Tensor,
    drawn: Tensor,
    lengths: np.ndarray,
    spec: CorruptionOfModality,
    levels: np.ndarray,
) -> Tensor:
    """Frames [n, D] of utterances that differ in SNR, by the draws of each [u, DRAWS]."""
    assert spec.alpha_bar is not None
    alpha_bar = shifted(spec.alpha_bar, offsets(levels, spec.span))
    noisy = _noisy(values, drawn, lengths, spec, np.repeat(alpha_bar, lengths))
    if spec.lost is None:
        return noisy
    is_kept = send(np.repeat(~is_lost(levels, spec.lost), lengths), values.device)
    return torch.where(is_kept[:, None], noisy, 0.0)


def _within(
    stretch: tuple[float, float] | None, lengths: np.ndarray, noisy: Tensor, clean: Tensor
) -> Tensor:
    """Noisy frames [n, D] inside a part of each utterance, clean ones outside."""
    if stretch is None:
        return noisy
    is_hit = send(hit_by(stretch, lengths), clean.device)
    return torch.where(is_hit[:, None], noisy, clean)
