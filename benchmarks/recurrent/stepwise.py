"""One matrix product a time, and everything else of that time in one compiled kernel."""

import torch
import torch._dynamo
import torch.fx.experimental._config
from torch import Tensor
from torch.nn import functional

from recurrent.planned import Plan


class Stepwise:
    """A `recurrent.planned.Recurrence` for a CUDA graph.

    Args:
        compiled: Whether torch.compile fuses what is not a matrix product.
    """

    def __init__(self, compiled: bool = True) -> None:
        self._advance, self._retreat = _advance, _retreat
        if compiled:
            # Sizes change with the number of utterances that are at it, and those that happen to be
            # equal must not be taken for the same. Falling back to no kernels at all would be a
            # silent defeat.
            torch.fx.experimental._config.use_duck_shape = False
            torch._dynamo.config.recompile_limit = 64
            torch._dynamo.config.fail_on_recompile_limit_hit = True
            self._advance = torch.compile(_advance, dynamic=True)
            self._retreat = torch.compile(_retreat, dynamic=True)

    def forward(
        self, plan: Plan, gates: Tensor, weight_hh: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        size, recurrent = weight_hh.shape[2], weight_hh.mT.contiguous()
        state = gates.new_zeros(*lengths.shape, size)
        cell, highest = torch.zeros_like(state), torch.full_like(state, -torch.inf)
        when = torch.full_like(state, -1, dtype=torch.int64)
        kept, befores, cells, done = [], [], [], []
        for time, (now, count) in enumerate(zip(plan.slices, plan.rows, strict=True)):
            if count < highest.shape[1]:
                done.append((highest[:, count:], when[:, count:]))
            state, cell = state[:, :count], cell[:, :count]
            befores.append(state)
            gate, cell, state, highest, when = self._advance(
                gates[:, now].unflatten(2, (size, 4)),
                (state @ recurrent).unflatten(2, (size, 4)),
                cell,
                highest[:, :count],
                when[:, :count],
                plan.times[time],
                lengths[:, :count],
            )
            kept.append(gate)
            cells.append(cell)
        done.append((highest, when))
        highest, when = (torch.cat(some, dim=1) for some in zip(*reversed(done), strict=True))
        highest = highest.masked_fill(lengths[..., None] == 0, 0.0)
        gates, before, cells = (torch.cat(some, dim=1) for some in (kept, befores, cells))
        return gates.flatten(2), before, cells, highest, when

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
        size = weight_hh.shape[2]
        of_state = of_cell = torch.zeros_like(cells[:, plan.slices[-1]])
        of_gates = []
        for time in reversed(range(len(plan.rows))):
            now, count = plan.slices[time], plan.rows[time]
            # Utterances join in from the longest to the shortest as time runs backwards.
            of_state, of_cell = (
                functional.pad(some, (0, 0, 0, count - some.shape[1]))
                for some in (of_state, of_cell)
            )
            cell_before = torch.zeros_like(of_cell)
            if time:
                first = plan.slices[time - 1].start
                cell_before = cells[:, first : first + count]
            of_gate, of_cell = self._retreat(
                of_state,
                of_cell,
                of_highest[:, :count],
                when[:, :count],
                plan.times[time],
                gates[:, now].unflatten(2, (size, 4)),
                cells[:, now],
                cell_before,
            )
            of_gates.append(of_gate.flatten(2))
            of_state = of_gates[-1] @ weight_hh
        return torch.cat(of_gates[::-1], dim=1)


def _advance(
    of_data: Tensor,
    of_state: Tensor,
    cell: Tensor,
    highest: Tensor,
    when: Tensor,
    time: Tensor,
    lengths: Tensor,
) -> tuple[Tensor, ...]:
    enter, keep, candidate, leave = (of_data + of_state).unbind(dim=3)
    enter, keep, leave = enter.sigmoid(), keep.sigmoid(), leave.sigmoid()
    candidate = candidate.tanh()
    cell = keep * cell + enter * candidate
    state = leave * cell.tanh()
    higher = (state > highest) & (time < lengths)[..., None]
    gate = torch.stack([enter, keep, candidate, leave], dim=3)
    highest = torch.where(higher, state, highest)
    return gate, cell, state, highest, torch.where(higher, time, when)


def _retreat(
    of_state: Tensor,
    of_cell: Tensor,
    of_highest: Tensor,
    when: Tensor,
    time: Tensor,
    gate: Tensor,
    cell: Tensor,
    cell_before: Tensor,
) -> tuple[Tensor, Tensor]:
    enter, keep, candidate, leave = gate.unbind(dim=3)
    squashed = cell.tanh()
    of_state = of_state + of_highest * (when == time)
    of_cell = of_cell + of_state * leave * (1 - squashed * squashed)
    of_gate = [
        of_cell * candidate * enter * (1 - enter),
        of_cell * cell_before * keep * (1 - keep),
        of_cell * enter * (1 - candidate * candidate),
        of_state * squashed * leave * (1 - leave),
    ]
    return torch.stack(of_gate, dim=3), of_cell * keep
