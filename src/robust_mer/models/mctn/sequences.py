"""Padded sequences in MCTN: LSTMs side by side, masked softmax, errors over real elements."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from robust_mer.models.recurrent import lstm_states
from robust_mer.models.segments import is_real


def run(
    lstms: Sequence[nn.Module] | nn.ModuleList,
    frames: Sequence[Tensor] | Tensor,
    lengths: Sequence[Tensor],
) -> Tensor:
    """States of some LSTMs of one size, the sum of both directions where they have two.

    Args:
        lstms: K of them.
        frames: For each, [B, T, D]; missing last dimensions count as zeros.
        lengths: For each, how many frames are real, [B].

    Returns:
        [K, B, T, H]; zeros after an utterance's end.
    """
    inputs, recurrent = [], []
    directions = ("", "_reverse") if lstms[0].bidirectional else ("",)
    for lstm, some in zip(lstms, frames, strict=True):
        for direction in directions:
            weight_ih = getattr(lstm, f"weight_ih_l0{direction}")[:, : some.shape[2]]
            bias = getattr(lstm, f"bias_ih_l0{direction}") + getattr(lstm, f"bias_hh_l0{direction}")
            inputs.append(functional.linear(some, weight_ih, bias))
            recurrent.append(getattr(lstm, f"weight_hh_l0{direction}"))
    backwards = torch.arange(len(inputs), device=inputs[0].device) % len(directions) == 1
    repeated = torch.stack([length for length in lengths for _ in directions])
    states = lstm_states(torch.stack(inputs), repeated, torch.stack(recurrent), backwards)
    return states.unflatten(0, (len(lstms), len(directions))).sum(dim=1)


def product(values: Tensor, weights: Tensor) -> Tensor:
    """A linear map [K, O, H] for each of the values [K, B, N, H]: [K, B, N, O]."""
    return (values.flatten(1, 2) @ weights.mT).unflatten(1, values.shape[1:3])


def masked_softmax(scores: Tensor, count: Tensor) -> Tensor:
    """Softmax of scores [..., N] over the first ``count`` [...]; uniform if the count is 0."""
    left_out = ~is_real(scores.shape[-1], count)
    return scores.masked_fill(left_out, torch.finfo(scores.dtype).min).softmax(dim=-1)


def mean_square(written: Tensor, expected: Tensor, real: Tensor) -> Tensor:
    """Mean square of the difference [B, N, D] over the real elements, bool [B, N]."""
    squares = (written - expected).square().mean(dim=2)
    return torch.where(real, squares, 0.0).sum() / real.sum().clamp(min=1)
