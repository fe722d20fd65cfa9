"""Measured limits of the device, and the least work that an epoch of a replica needs."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from plain_nets import MEN
from random_corpus import FOLD, TOKENS, WIDTHS, RandomCorpus
from torch import Tensor

_REPEATS = 7
_LAUNCHES = 1000
_GATES, _HIDDEN = 4 * 128, 128
# With Adam: weight, gradient and both moments read, weight and moments written by the optimiser,
# the gradient written by the backward pass; float32.
_BYTES_PER_WEIGHT_AND_STEP = 8 * 4


def measure(device: torch.device) -> dict[str, float]:
    """Measured speed of the device with the current number of CPU threads.

    ``copy`` counts bytes read and written; a launch is the time from one small kernel to the next.
    """
    cuda = device.type == "cuda"
    source = torch.randn(2**28 if cuda else 2**26, device=device)
    target = torch.empty_like(source)
    limits = {"copy GB/s": 2 * source.nbytes / 1e9 / _median(lambda: target.copy_(source), device)}
    size = 8192 if cuda else 2048
    square = torch.randn(size, size, device=device)
    limits["float32 GFLOP/s"] = _product_rate(square)
    if cuda:
        torch.set_float32_matmul_precision("high")
        limits["tf32 GFLOP/s"] = _product_rate(square)
        torch.set_float32_matmul_precision("highest")
        limits["bf16 GFLOP/s"] = _product_rate(square.bfloat16())
        limits["launch µs"], limits["launch in a graph µs"] = _launch_microseconds(device)
    return limits


def _product_rate(square: Tensor) -> float:
    return 2 * len(square) ** 3 / 1e9 / _median(lambda: square @ square, square.device)


def _launch_microseconds(device: torch.device) -> tuple[float, float]:
    one = torch.zeros(1, device=device)

    def many() -> None:
        for _ in range(_LAUNCHES):
            one.add_(1)

    eager = _median(many, device)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        many()
    return eager * 1e6 / _LAUNCHES, _median(graph.replay, device) * 1e6 / _LAUNCHES


def _median(work: Callable[[], object], device: torch.device) -> float:
    """Median seconds of a call, after one warm-up call."""
    seconds = []
    for _ in range(1 + _REPEATS):
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def needs(net: MEN, corpus: RandomCorpus) -> dict[str, float]:
    """The least work of training and validating for one epoch on fold 1.

    ``operations`` are those of the matrix products, over real frames only and without gradients of
    the data. ``bytes``: the features once, and all that an optimiser's step touches; activations
    count as if they never left the chip. ``chain`` is the number of recurrent steps that depend on
    each other, forward and backward, in training.
    """
    train, validation = (corpus.parts[FOLD][part] for part in ("train", "validation"))
    steps = -(-len(train) // net.batch_size)
    passes = 1 if all(map(all, net.conditions)) else 2  # clean, and corrupted
    head = _head_operations(net)
    operations = len(train) * 3 * head + len(validation) * len(net.conditions) * head
    for modality in WIDTHS:
        of_data, recurrent = _encoder_operations(modality)
        data, validated = (corpus.length[modality][rows].sum() for rows in (train, validation))
        # Backward: the weights' gradient costs as much as the forward product, and so does that of
        # the state before.
        operations += data * (2 * of_data + 3 * recurrent)
        operations += validated * passes * (of_data + recurrent)
    width = {m: 4 * d * corpus.length[m] for m, d in WIDTHS.items()}
    features = sum(b[train].sum() + passes * b[validation].sum() for b in width.values())
    weights = sum(parameter.numel() for parameter in net.parameters())
    frames = np.random.default_rng(0).permutation(corpus.length["audio"][train])
    batches = np.split(frames, range(net.batch_size, len(frames), net.batch_size))
    return {
        "operations": float(operations),
        "bytes": float(features + steps * weights * _BYTES_PER_WEIGHT_AND_STEP),
        "chain": 2.0 * sum(batch.max() for batch in batches),
    }


def _encoder_operations(modality: str) -> tuple[float, float]:
    """Operations for one frame, forward: on the data, and on the previous state."""
    width = WIDTHS[modality]
    if modality == "text":
        windows = sum((TOKENS - kernel + 1) * kernel for kernel in (3, 4, 5))
        return 2.0 * windows * width * 128 / TOKENS, 0.0
    return 2.0 * _GATES * width, 2.0 * _GATES * _HIDDEN


def _head_operations(net: MEN) -> int:
    """Operations for one utterance, forward, in the linear layers after the encoders."""
    weights = 0
    for name, part in net.named_children():
        if name not in WIDTHS:
            matrices = sum(weight.numel() for weight in part.parameters() if weight.ndim == 2)
            weights += matrices * (len(WIDTHS) if name == "invariance" else 1)
    return 2 * weights
