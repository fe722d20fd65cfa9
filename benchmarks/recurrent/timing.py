"""Time of a step, and what the device can do at most."""

import statistics
import time
from collections.abc import Callable
from itertools import pairwise

import torch

from recurrent.graph import Graph

_WARM_UP = 3
_LEAST, _MOST = 6, 40  # steps that are timed
_LAUNCHES = 1000


def seconds(
    step: Callable[[], object], device: torch.device, budget: float = 1.0
) -> tuple[float, float]:
    """Median seconds of a step, and how far those of both halves lie apart, relative to it.

    Args:
        step: What to time.
        device: Where it works.
        budget: Seconds to spend, not counting a warm-up.
    """
    for _ in range(_WARM_UP):
        started = time.perf_counter()
        step()
        _wait(device)
    once = time.perf_counter() - started
    count = int(min(_MOST, max(_LEAST, budget / once)))
    if device.type == "cuda":
        events = [torch.cuda.Event(enable_timing=True) for _ in range(count + 1)]
        events[0].record()
        for event in events[1:]:
            step()
            event.record()
        _wait(device)
        marks = [events[0].elapsed_time(event) / 1000 for event in events]
    else:
        marks = [time.perf_counter()]
        for _ in range(count):
            step()
            marks.append(time.perf_counter())
    taken = [after - before for before, after in pairwise(marks)]
    halves = [statistics.median(taken[: count // 2]), statistics.median(taken[count // 2 :])]
    median = statistics.median(taken)
    return median, abs(halves[1] - halves[0]) / median


def limits(device: torch.device) -> dict[str, float]:
    """Copying (bytes read and written), products of large matrices, and starts of small kernels."""
    cuda = device.type == "cuda"
    source = torch.randn(2**28 if cuda else 2**24, device=device)
    target = torch.empty_like(source)
    copied = 2 * source.nbytes / 1e9
    found = {"copy GB/s": copied / seconds(lambda: target.copy_(source), device)[0]}
    size = 8192 if cuda else 1024
    square = torch.randn(size, size, device=device)

    def rate(matrix: torch.Tensor) -> float:
        return 2 * size**3 / 1e12 / seconds(lambda: matrix @ matrix, device)[0]

    found["float32 TFLOP/s"] = rate(square)
    if cuda:
        torch.set_float32_matmul_precision("high")
        found["tf32 TFLOP/s"] = rate(square)
        torch.set_float32_matmul_precision("highest")
        found["bf16 TFLOP/s"] = rate(square.bfloat16())
        one = torch.zeros(1, device=device)

        def many() -> None:
            for _ in range(_LAUNCHES):
                one.add_(1)

        found["launch µs"] = seconds(many, device)[0] * 1e6 / _LAUNCHES
        found["launch in a graph µs"] = seconds(Graph(many), device)[0] * 1e6 / _LAUNCHES
    return found


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
