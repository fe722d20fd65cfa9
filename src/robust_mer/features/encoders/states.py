"""What a network says of its input: all hidden states."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from robust_mer.errors import InputError


@dataclass(frozen=True)
class States:
    """Hidden states of a batch."""

    layers: tuple[Tensor, ...]
    """[B, T, D] each: the input of the first layer, then the output of every layer. The widths
    differ in networks of stages, such as Swin."""
    last: Tensor
    """The network's last hidden state [B, T, D], after its last normalisation."""
    is_frame: Tensor | None = None
    """Which places are frames, bool [B, T]; the others are padding. None: all are."""

    def map(self, function: Callable[[Tensor], Tensor]) -> "States":
        """The same with a function applied to every layer's states."""
        return States(tuple(map(function, self.layers)), function(self.last), self.is_frame)

    @property
    def widths(self) -> list[int]:
        """Width of every layer's states."""
        return [layer.shape[-1] for layer in self.layers]


def states_of(output: Any, is_frame: Tensor | None = None) -> States:
    """The states in an output of transformers."""
    return States(tuple(output.hidden_states), output.last_hidden_state, is_frame)


def probe(ask: Callable[[], States], location: str) -> States:
    """The states of a test input, after checks.

    Args:
        ask: Passes the same input through the network.
        location: Of the network, for messages.

    Raises:
        InputError: the network cannot be run, gives NaN or infinity, or another result the second
            time.
    """
    try:
        with torch.inference_mode():
            first, second = ask(), ask()
    except (RuntimeError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise InputError(
            f"{location} cannot be run as an encoder: {type(error).__name__}: {error}. See "
            "docs/features/encoders.md for the architectures that can"
        ) from error
    if not all(torch.isfinite(layer).all() for layer in (*first.layers, first.last)):
        raise InputError(
            f"{location} gives NaN or infinity on a test input: its weights are damaged, or exceed "
            "float16; use precision: float32 or bfloat16"
        )
    pairs = zip((*first.layers, first.last), (*second.layers, second.last), strict=True)
    if not all(torch.allclose(*pair, rtol=1e-3, atol=1e-4) for pair in pairs):
        raise InputError(
            f"{location} gives another result when it sees the same input again: it masks or draws "
            "at random. Use an architecture of docs/features/encoders.md"
        )
    return first
