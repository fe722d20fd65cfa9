"""Corruption of a fold's frames: the fixed noise of evaluation, and fresh noise in training."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from robust_mer.corruption.draws import FreshDraws, send
from robust_mer.corruption.noise import Noise, add_noise, build_noise, evaluation_noise
from robust_mer.data import Normaliser
from robust_mer.engine.frames import Frames, Normalise
from robust_mer.protocol import Corruption


@dataclass(frozen=True)
class CorruptionOfModality:
    """What is done to the frames of a modality in a fold."""

    kind: str
    noise: Noise
    alpha_bar: float | None
    """None: what is drawn multiplies the frames instead of being added to them."""


@dataclass(frozen=True)
class CorruptionOfFold:
    """How a fold is corrupted."""

    modalities: dict[str, CorruptionOfModality]
    """Those that are touched, if any."""
    seed: int
    """Of the noise in evaluation."""


NO_CORRUPTION = CorruptionOfFold({}, 0)


def corruption_of_fold(
    corruption: Corruption, alpha_bars: Mapping[tuple[int, str], float], fold: int
) -> CorruptionOfFold:
    """How a corruption meets a fold.

    Args:
        corruption: What is done to the modalities.
        alpha_bars: abar by (fold, modality) from its schedule.
        fold: Which fold.
    """
    modalities = {
        modality: CorruptionOfModality(
            spec.kind,
            build_noise(spec),
            None if spec.is_mask else alpha_bars[fold, modality],
        )
        for modality, spec in corruption.noises.items()
    }
    return CorruptionOfFold(modalities, corruption.seed or 0)


def evaluation_frames(
    frames: dict[str, Frames],
    normalisers: dict[str, Normaliser],
    utterances: list[str],
    rows: np.ndarray,
    part: str,
    corruption: CorruptionOfFold,
) -> dict[str, Frames]:
    """A part's frames, normalised, with evaluation noise on them; places count within the part."""
    of_part = {}
    for modality, some in frames.items():
        device = some.values.device
        values = Normalise.on(device, normalisers[modality])(some.take(rows))
        length = some.length[rows]
        how = corruption.modalities.get(modality)
        if how is not None and len(values):
            drawn = evaluation_noise(
                how.noise,
                how.kind,
                corruption.seed,
                part,
                modality,
                [utterances[row] for row in rows],
                length,
                values.shape[1],
            ).to(device)
            if how.alpha_bar is None:
                values = values * drawn
            else:
                values = add_noise(values, drawn, how.alpha_bar)
        of_part[modality] = Frames(values, length.cumsum() - length, length)
    return of_part


def corrupt_afresh(
    values: Tensor,
    lengths: np.ndarray,
    corruption: np.ndarray,
    corruptions: list[CorruptionOfModality | None],
    draws: FreshDraws,
) -> Tensor:
    """Frames [n, D] of a modality of some training utterances, with new noise on them.

    Args:
        values: The clean frames, one utterance after the other; they may be overwritten.
        lengths: How many of them each utterance has.
        corruption: Which of ``corruptions`` each utterance meets.
        corruptions: What each does to the modality; None where it does not touch it. Those with the
            same noise are drawn in one go.
        draws: Where the random numbers come from.
    """
    places: dict[str, list[int]] = {}
    first: dict[str, CorruptionOfModality] = {}
    for place in np.unique(corruption).tolist():
        one = corruptions[place]
        if one is not None:
            places.setdefault(one.noise.key, []).append(place)
            first.setdefault(one.noise.key, one)
    shares = [0.0 if one is None else one.alpha_bar or 0.0 for one in corruptions]
    alpha_bar = np.array(shares)[corruption]
    for key, same in places.items():
        how = first[key]
        chosen = np.isin(corruption, same)
        some = lengths[chosen]
        part, frames = values, None
        if not chosen.all():
            frames = send(np.repeat(chosen, lengths).nonzero()[0], values.device)
            part = values.index_select(0, frames)
        drawn = how.noise(some, values.shape[1], draws)
        if how.alpha_bar is None:
            part = part * drawn
        elif len(same) == 1:
            part = add_noise(part, drawn, how.alpha_bar)
        else:
            part = add_noise(part, drawn, np.repeat(alpha_bar[chosen], some))
        if frames is None:
            return part
        values.index_copy_(0, frames, part)
    return values
