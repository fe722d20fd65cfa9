"""Sources of a noise's random numbers, with the same interface in training and evaluation."""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from robust_mer.corruption.counter import counter_generator

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def send(values: np.ndarray, device: "torch.device") -> "Tensor":
    """A copy on a device; the copy is asynchronous on a GPU."""
    import torch

    tensor = torch.from_numpy(values)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


class Draws(Protocol):
    """Source of random tensors for a noise."""

    def normal(self, shape: tuple[int, ...]) -> "Tensor":
        """Standard normal values, float32."""

    def uniform(self, shape: tuple[int, ...]) -> "Tensor":
        """Values uniform in [0, 1), float32."""


class ArrayDraws:
    """The numbers of `CounterDraws` as numpy's arrays, for noises that take them."""

    def __init__(self, *key: str | int) -> None:
        self._generator = counter_generator(*key)

    def normal(self, shape: tuple[int, ...]) -> Any:
        """Draws from N(0, 1)."""
        return self._generator.standard_normal(shape, dtype=np.float32)

    def uniform(self, shape: tuple[int, ...]) -> Any:
        """Draws from [0, 1)."""
        return self._generator.random(shape, dtype=np.float32)


class CounterDraws:
    """Draws of evaluation noise: a function of a key only.

    An utterance therefore has the same noise for every model and at every SNR.

    Args:
        key: What the draws depend on, e.g. (seed, noise type, utterance, modality).
    """

    def __init__(self, *key: str | int) -> None:
        self._arrays = ArrayDraws(*key)

    def normal(self, shape: tuple[int, ...]) -> "Tensor":
        """Draws from N(0, 1)."""
        import torch

        return torch.from_numpy(self._arrays.normal(shape))

    def uniform(self, shape: tuple[int, ...]) -> "Tensor":
        """Draws from [0, 1)."""
        import torch

        return torch.from_numpy(self._arrays.uniform(shape))


class FreshDraws:
    """Draws of training noise: new at every call, made on the generator's device."""

    def __init__(self, generator: "torch.Generator") -> None:
        self._generator = generator

    def normal(self, shape: tuple[int, ...]) -> "Tensor":
        """Draws from N(0, 1)."""
        import torch

        return torch.randn(shape, generator=self._generator, device=self._generator.device)

    def uniform(self, shape: tuple[int, ...]) -> "Tensor":
        """Draws from [0, 1)."""
        import torch

        return torch.rand(shape, generator=self._generator, device=self._generator.device)
