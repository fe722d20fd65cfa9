"""CUDA graphs, and work on several streams side by side."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

_WARM_UP = 3  # libraries pick algorithms and allocate workspaces in the first calls
_STREAMS = 16


class Graph:
    """A function whose kernels are recorded once and then started with one call.

    Between its inputs and its outputs the function must neither wait for the device nor look at a
    tensor's values, and it must not leave an autograd graph behind.

    Args:
        function: Takes ``inputs``, returns tensors in any nesting.
        inputs: Examples of its inputs; copies of them become its own fixed buffers.
        stream: Where to record. cuBLAS keeps one workspace a stream, so graphs that are to run at
            the same time must be recorded on streams of their own.
    """

    def __init__(
        self,
        function: Callable,
        inputs: Sequence[Tensor] = (),
        stream: torch.cuda.Stream | None = None,
    ) -> None:
        self._inputs = [tensor.clone() for tensor in inputs]
        stream = stream or torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                function(*self._inputs)
        torch.cuda.synchronize()
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, stream=stream):
            self._outputs = function(*self._inputs)

    def __call__(self, *inputs: Tensor) -> object:
        """Run it on the current stream; the next call overwrites what this one returns."""
        for own, given in zip(self._inputs, inputs, strict=True):
            if own.shape != given.shape:
                raise ValueError(f"recorded for {tuple(own.shape)}, not {tuple(given.shape)}")
            own.copy_(given)
        self._graph.replay()
        return self._outputs


class Fan:
    """Runs pieces of work side by side on a few streams; on a CPU one after the other."""

    def __init__(self, device: torch.device) -> None:
        count = _STREAMS if device.type == "cuda" else 0
        self._streams = [torch.cuda.Stream() for _ in range(count)]

    def stream(self, place: int) -> torch.cuda.Stream | None:
        """Where the piece of work at a place runs."""
        return self._streams[place % len(self._streams)] if self._streams else None

    def __call__(self, works: Sequence[Callable]) -> list:
        """Results of all pieces, which the current stream may use."""
        for stream in self._streams:
            stream.wait_stream(torch.cuda.current_stream())
        results = []
        for place, work in enumerate(works):
            with torch.cuda.stream(self.stream(place)):  # None changes nothing
                results.append(work())
        for stream in self._streams:
            torch.cuda.current_stream().wait_stream(stream)
        return results
