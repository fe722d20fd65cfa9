"""What all encoders have in common: loading, and the states of a batch within a bound of memory."""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from robust_mer.features.encoders.architecture import Architecture
from robust_mer.features.encoders.states import States
from robust_mer.features.pretrained import Pretrained

Input = TypeVar("Input")

_BUDGET = 256 * 2**20  # bytes of hidden states in a batch


class Adapter(ABC, Generic[Input]):
    """Takes inputs of one kind through a network: signals, pictures or tokens.

    Args:
        pretrained: The network.
        architecture: Its row of the table.
        key: Of the setting ``model``, for messages.
    """

    def __init__(self, pretrained: Pretrained, architecture: Architecture, key: str) -> None:
        self.pretrained, self.architecture, self.key = pretrained, architecture, key
        self.network: Any = self.encoder_of(pretrained.network)
        self.config: Any = self.network.config
        self.prepare()
        self.widths = [layer.shape[-1] for layer in self.hidden_states([self.example()]).layers]

    def encoder_of(self, network: Any) -> Any:
        """The part of a loaded network that makes the states."""
        return network

    def prepare(self) -> None:  # noqa: B027
        """Load what comes before the network.

        Raises:
            InputError: the folder lacks it.
        """

    @abstractmethod
    def example(self) -> Input:
        """A short input, which shows the widths of all layers when the network is loaded."""

    @abstractmethod
    def hidden_states(self, batch: list[Input]) -> States:
        """All hidden states of a batch, in float32."""

    def most_positions(self) -> int:
        """How many positions a batch may have, padding included, by the memory of their states."""
        return max(1, _BUDGET // (sum(self.widths) * self.network.dtype.itemsize))

    def states(self, output: Any, mask: Tensor | None = None) -> States:
        """States of a network's output, whose last one is final."""
        layers = [*output.hidden_states[:-1], output.last_hidden_state]
        layers = [as_tokens(layer).float() for layer in layers]
        if mask is None:
            mask = torch.ones(layers[-1].shape[:2], dtype=torch.bool)
        return States(tuple(layers), mask)


def as_tokens(states: Tensor) -> Tensor:
    """States [B, T, D], also of a network that has maps [B, D, height, width]."""
    return states.flatten(2).transpose(1, 2) if states.ndim == 4 else states
