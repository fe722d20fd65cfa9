"""Which of a network's hidden states are features, and how several become one frame."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Self

from pydantic import model_validator

from robust_mer.errors import InputError
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

Combine = Literal["sum", "mean", "concatenate", "learned"]


class LayerSettings(Settings):
    """Settings of an extractor of hidden states."""

    layers: int | list[int] | Literal["all"] = -1
    """Numbers of hidden states: 0 is the input of the first layer, 1 its output; -1 the network's
    last hidden state, -2 the one before. One number, a list, or ``all``."""
    combine: Combine | None = None
    """How several layers become one frame. ``sum``, ``mean``; ``concatenate``: side by side;
    ``learned``: each model learns a weighted sum in training. None: there is one layer."""

    @model_validator(mode="after")
    def _check_layers(self) -> Self:
        several = self.layers == "all" or (isinstance(self.layers, list) and len(self.layers) > 1)
        if self.layers == []:
            raise ValueError("layers is empty, expected numbers, such as [-4, -3, -2, -1], or all")
        if isinstance(self.layers, list) and len(set(self.layers)) < len(self.layers):
            raise ValueError(f"layers lists a layer twice: {self.layers}")
        if several and self.combine is None:
            raise ValueError(
                "layers names several layers, but combine is missing; set combine: sum, mean, "
                "concatenate or learned"
            )
        if not several and self.combine is not None:
            raise ValueError(
                f"combine is {self.combine}, but layers is {self.layers}: there is one layer. List "
                "several, such as layers: [-4, -3, -2, -1], or remove combine"
            )
        return self


class Layers:
    """The layers of a network that an extractor uses.

    Args:
        settings: Say which, and how they are combined.
        depth: Number of the network's layers; it has one more hidden states.
        key: Name of the extractor in messages.

    Raises:
        InputError: there is no such layer, or one is named twice.
    """

    def __init__(self, settings: LayerSettings, depth: int, key: str) -> None:
        self._key = key
        given = settings.layers
        if given == "all":
            given = list(range(depth + 1))
        self._given: list[int] = given if isinstance(given, list) else [given]
        for number in self._given:
            if not -depth - 1 <= number <= depth:
                raise InputError(
                    f"config: layers of {key} contains {number}, expected {-depth - 1} to {depth}: "
                    f"the network has {depth} layers"
                )
        self.numbers = [number % (depth + 1) for number in self._given]
        twice = [n for n in dict.fromkeys(self.numbers) if self.numbers.count(n) > 1]
        if twice:
            raise InputError(
                f"config: layers of {key} is {self._given}, which names layer {twice[0]} twice; "
                "remove one"
            )
        self._combine = settings.combine

    @property
    def is_default(self) -> bool:
        """Whether only the network's last hidden state is used."""
        return self._given == [-1]

    @property
    def learned(self) -> Sequence[int]:
        """Numbers of the layers whose weighted sum models learn; empty: none."""
        return self.numbers if self._combine == "learned" else ()

    def width(self, widths: Sequence[int]) -> int:
        """Width of the chosen layers, of all layers' widths.

        Raises:
            InputError: they differ.
        """
        chosen = [widths[number] for number in self.numbers]
        if len(set(chosen)) > 1:
            raise InputError(
                f"config: layers of {self._key} is {self._given}, whose widths differ: {chosen}; "
                "choose one layer, or layers of one width"
            )
        return chosen[0]

    def names(self, width: int) -> list[str]:
        """Names of the features of hidden states of this width."""
        names = [f"hidden_{i}" for i in range(width)]
        if self._combine in ("concatenate", "learned"):
            return [f"layer_{number}_{name}" for number in self.numbers for name in names]
        return names

    def select(self, states: "Sequence[Tensor]", last: "Tensor | None" = None) -> "Tensor":
        """Frames [..., D], or [..., L D] of layers side by side, from all hidden states [..., D].

        Args:
            states: From the input of the first layer to the output of the last.
            last: What -1 means, where it is not the last of these.
        """
        import torch

        chosen = [last if n == -1 and last is not None else states[n] for n in self._given]
        if self._combine in ("concatenate", "learned"):
            return torch.cat(chosen, dim=-1)
        if len(chosen) == 1:
            return chosen[0]
        stacked = torch.stack(chosen)
        return stacked.sum(dim=0) if self._combine == "sum" else stacked.mean(dim=0)
