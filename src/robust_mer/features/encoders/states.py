"""Hidden states of a batch, layer by layer, and the choice among them."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from robust_mer.errors import InputError


@dataclass(frozen=True)
class States:
    """All hidden states of a batch."""

    layers: tuple[Tensor, ...]
    """One of [B, T, D] per layer: the first is the input of the first block, each other the output
    of a block. The last one is the network's final state, after its last normalisation. T and D of
    networks that shrink their pictures differ by layer; B never does."""
    mask: Tensor
    """Bool [B, T], of the last layer's T: which frames or tokens count. The others are padding, or
    extra tokens that belong to no place."""


def select(layers: Sequence[Tensor], layer: int, key: str) -> Tensor:
    """One layer's states: [B, T, D].

    Args:
        layers: Those of `States`.
        layer: Its number; negative ones count from the end.
        key: Config key for messages.

    Raises:
        InputError: there is no such layer.
    """
    check_layer(len(layers), layer, key)
    return layers[layer]


def check_layer(count: int, layer: int, key: str) -> None:
    """Refuse a layer that a network with ``count`` hidden states lacks."""
    if not -count <= layer < count:
        raise InputError(f"config: {key} is {layer}, expected {-count} to {count - 1}")
