"""The recurrence in one Triton kernel forward and one backward.

A program owns some utterances of one replica for all times, so programs need not wait for one
another. The recurrent weights (256 KB) fit into no multiprocessor: they come from the L2 cache in
blocks, at every time anew. A time's states are the next one's left factor, in blocks too; registers
cannot be indexed, so they go through global memory. That is safe because every address is written
once, by the program that alone reads it, and ``tl.debug_barrier`` (``bar.sync``) lies between.
"""

from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

from recurrent.planned import Plan

ROWS = 16  # utterances of a program; fewer do not fill a matrix instruction


class Shape(NamedTuple):
    """How a kernel is laid out."""

    block: int  # of the inner dimension of a product
    stages: int  # blocks on their way at the same time
    warps: int


# Of all that compile for sm_90 without spills worth the name, those that look fastest.
FORWARD = (Shape(32, 3, 16), Shape(16, 3, 8))
BACKWARD = (Shape(64, 2, 8), Shape(32, 3, 4), Shape(32, 3, 16))


class Fused:
    """A `recurrent.planned.Recurrence`.

    Args:
        precision: Of the products: ``ieee`` (float32) or ``tf32x3`` (three products in tf32, whose
            sum is nearly as precise, on the matrix units).
        forward: One of ``FORWARD``.
        backward: One of ``BACKWARD``.
    """

    def __init__(
        self, precision: str, forward: Shape = FORWARD[0], backward: Shape = BACKWARD[0]
    ) -> None:
        self._advance, self._retreat = (
            {
                "ROWS": ROWS,
                "BLOCK": shape.block,
                "STAGES": shape.stages,
                "PRECISION": precision,
                "num_warps": shape.warps,
            }
            for shape in (forward, backward)
        )

    def forward(
        self, plan: Plan, gates: Tensor, weight_hh: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        (replicas, batch), size = lengths.shape, weight_hh.shape[2]
        before, cells = (gates.new_zeros(*gates.shape[:2], size) for _ in range(2))
        highest = gates.new_empty(replicas, batch, size)
        when = torch.empty_like(highest, dtype=torch.int32)
        advance[_grid(lengths)](
            gates,
            before,
            cells,
            highest,
            when,
            weight_hh.mT.contiguous(),
            plan.start,
            lengths.int(),
            gates.shape[1],
            batch,
            H=size,
            **self._advance,
        )
        return gates, before, cells, highest, when

    def backward(
        self,
        plan: Plan,
        of_highest: Tensor,
        when: Tensor,
        gates: Tensor,
        cells: Tensor,
        weight_hh: Tensor,
        lengths: Tensor,
    ) -> Tensor:
        of_gates = torch.zeros_like(gates)
        retreat[_grid(lengths)](
            of_gates,
            gates,
            cells,
            of_highest.contiguous(),
            when,
            weight_hh.contiguous(),
            plan.start,
            lengths.int(),
            gates.shape[1],
            lengths.shape[1],
            H=weight_hh.shape[2],
            **self._retreat,
        )
        return of_gates


def _grid(lengths: Tensor) -> tuple[int, int]:
    # The first dimension runs fastest: every replica's longest utterances start before any others.
    return lengths.shape[0], triton.cdiv(lengths.shape[1], ROWS)


@triton.jit
def _tanh(x):
    return 2 * tl.sigmoid(2 * x) - 1


@triton.jit(do_not_specialize=["n"])
def advance(
    gates,
    before,
    cells,
    highest,
    when,
    weight,
    start,
    lengths,
    n,
    batch,
    H: tl.constexpr,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    STAGES: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Gates from what the data give them [R, n, 4 H], in place; states before and cells [R, n, H].

    ``weight`` is [R, H, 4 H]. Where no frame is real nothing is written.
    """
    replica = tl.program_id(0).to(tl.int64)
    rank = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    unit, column, inner = tl.arange(0, H), tl.arange(0, 4 * H), tl.arange(0, BLOCK)
    length = tl.load(lengths + replica * batch + rank, mask=rank < batch, other=0)
    weight += replica * 4 * H * H + inner[:, None] * (4 * H) + column[None, :]
    cell = tl.zeros([ROWS, H], tl.float32)
    top = tl.full([ROWS, H], float("-inf"), tl.float32)
    top_when = tl.full([ROWS, H], -1, tl.int32)
    steps = tl.max(length, axis=0)
    time = 0
    while time < steps:
        row = replica * n + tl.load(start + time) + rank
        real = (time < length)[:, None]
        gate = gates + row[:, None] * (4 * H) + column[None, :]
        state_before = before + row[:, None] * H + inner[None, :]
        value = tl.load(gate, mask=real, other=0.0)
        for block in tl.range(0, H, BLOCK, num_stages=STAGES):
            states = tl.load(state_before + block, mask=real, other=0.0)
            weights = tl.load(weight + block * 4 * H)
            value = tl.dot(states, weights, value, input_precision=PRECISION)
        enter_candidate, keep_leave = value.reshape([ROWS, H, 2, 2]).split()
        enter, candidate = enter_candidate.split()
        keep, leave = keep_leave.split()
        enter, keep, leave = tl.sigmoid(enter), tl.sigmoid(keep), tl.sigmoid(leave)
        candidate = _tanh(candidate)
        cell = keep * cell + enter * candidate
        state = leave * _tanh(cell)
        value = tl.join(tl.join(enter, candidate), tl.join(keep, leave))
        tl.store(gate, value.reshape([ROWS, 4 * H]), mask=real)
        tl.store(cells + row[:, None] * H + unit[None, :], cell, mask=real)
        row_after = replica * n + tl.load(start + time + 1) + rank
        after = before + row_after[:, None] * H + unit[None, :]
        tl.store(after, state, mask=(time + 1 < length)[:, None])
        tl.debug_barrier()
        higher = real & (state > top)
        top = tl.where(higher, state, top)
        top_when = tl.where(higher, time, top_when)
        time += 1
    place = (replica * batch + rank)[:, None] * H + unit[None, :]
    inside = (rank < batch)[:, None]
    tl.store(highest + place, tl.where(length[:, None] > 0, top, 0.0), mask=inside)
    tl.store(when + place, top_when, mask=inside)


@triton.jit(do_not_specialize=["n"])
def retreat(
    of_gates,
    gates,
    cells,
    of_highest,
    when,
    weight,
    start,
    lengths,
    n,
    batch,
    H: tl.constexpr,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    STAGES: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Gradient of what went into the gates [R, n, 4 H]; ``weight`` is [R, 4 H, H].

    Where no frame is real nothing is written.
    """
    replica = tl.program_id(0).to(tl.int64)
    rank = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    unit, column, inner = tl.arange(0, H), tl.arange(0, 4 * H), tl.arange(0, BLOCK)
    inside = (rank < batch)[:, None]
    length = tl.load(lengths + replica * batch + rank, mask=rank < batch, other=0)
    weight += replica * 4 * H * H + inner[:, None] * H + unit[None, :]
    place = (replica * batch + rank)[:, None] * H + unit[None, :]
    of_top = tl.load(of_highest + place, mask=inside, other=0.0)
    top_when = tl.load(when + place, mask=inside, other=-1)
    of_cell = tl.zeros([ROWS, H], tl.float32)
    time = tl.max(length, axis=0) - 1
    while time >= 0:
        row = replica * n + tl.load(start + time) + rank
        real = (time < length)[:, None]
        real_after = (time + 1 < length)[:, None]
        row_after = replica * n + tl.load(start + time + 1) + rank
        of_gate_after = of_gates + row_after[:, None] * (4 * H) + inner[None, :]
        of_state = tl.where(top_when == time, of_top, 0.0)
        for block in tl.range(0, 4 * H, BLOCK, num_stages=STAGES):
            factors = tl.load(of_gate_after + block, mask=real_after, other=0.0)
            weights = tl.load(weight + block * H)
            of_state = tl.dot(factors, weights, of_state, input_precision=PRECISION)
        gate = row[:, None] * (4 * H) + column[None, :]
        value = tl.load(gates + gate, mask=real, other=0.0)
        enter_candidate, keep_leave = value.reshape([ROWS, H, 2, 2]).split()
        enter, candidate = enter_candidate.split()
        keep, leave = keep_leave.split()
        squashed = _tanh(tl.load(cells + row[:, None] * H + unit[None, :], mask=real, other=0.0))
        row_before = replica * n + tl.load(start + tl.maximum(time, 1) - 1) + rank
        place_before = row_before[:, None] * H + unit[None, :]
        cell_before = tl.load(cells + place_before, mask=real, other=0.0)
        cell_before = tl.where(time > 0, cell_before, 0.0)
        of_cell += of_state * leave * (1 - squashed * squashed)
        of_enter = of_cell * candidate * enter * (1 - enter)
        of_keep = of_cell * cell_before * keep * (1 - keep)
        of_candidate = of_cell * enter * (1 - candidate * candidate)
        of_leave = of_state * squashed * leave * (1 - leave)
        value = tl.join(tl.join(of_enter, of_candidate), tl.join(of_keep, of_leave))
        tl.store(of_gates + gate, value.reshape([ROWS, 4 * H]), mask=real)
        tl.debug_barrier()
        of_cell *= keep
        time -= 1
