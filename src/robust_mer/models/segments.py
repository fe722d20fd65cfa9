"""Sequences of a fixed number of elements: averages of frames over equal segments."""

import torch
from torch import Tensor


def is_real(elements: int, count: Tensor) -> Tensor:
    """Whether an element is one of the first ``count`` [...]: bool [..., elements]."""
    return torch.arange(elements, device=count.device) < count[..., None]


def averages(frames: Tensor, lengths: Tensor, segments: int) -> tuple[Tensor, Tensor]:
    """Averages over equal segments; an utterance with fewer frames than segments keeps its frames.

    Args:
        frames: [..., B, T, D], of which ``lengths`` [B] are real.
        lengths: See above.
        segments: N.

    Returns:
        [..., B, N, D], zeros after the last segment, and how many of the N are real, [B].
    """
    count = lengths.clamp(max=segments)
    padded = frames.shape[-2]
    time = torch.arange(padded, device=frames.device)
    place = time * count[:, None] // lengths.clamp(min=1)[:, None]
    of_segment = torch.arange(segments, device=frames.device)[:, None]
    member = (place[:, None] == of_segment) & is_real(padded, lengths)[:, None]
    member = member.to(frames.dtype)
    return member / member.sum(dim=2, keepdim=True).clamp(min=1) @ frames, count
