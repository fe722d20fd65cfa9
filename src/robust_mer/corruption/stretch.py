"""A part of an utterance that noise hits, as in OpenVNA (Z. Yuan et al., NAACL 2024)."""

import numpy as np


def hit_by(stretch: tuple[float, float], lengths: np.ndarray) -> np.ndarray:
    """Which frames a stretch hits, of utterances one after the other: bool [frames].

    A frame is hit if its middle lies inside.

    Args:
        stretch: Start and end, as fractions of an utterance.
        lengths: Number of frames of each utterance.
    """
    first = np.repeat(lengths.cumsum() - lengths, lengths)
    middle = (np.arange(len(first)) - first + 0.5) / np.repeat(lengths, lengths)
    is_hit: np.ndarray = (stretch[0] <= middle) & (middle < stretch[1])
    return is_hit


def untouched_share(stretch: tuple[float, float], lengths: np.ndarray) -> float:
    """Share of the utterances with frames of which a stretch hits none."""
    lengths = lengths[lengths > 0]
    if not len(lengths):
        return 0.0
    hits = np.add.reduceat(hit_by(stretch, lengths), lengths.cumsum() - lengths)
    return float(np.mean(hits == 0))
