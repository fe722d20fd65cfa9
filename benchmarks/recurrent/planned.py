"""An LSTM with the maximum over time in shapes that are fixed beforehand.

A CUDA graph can hold it, and nothing in it waits for the device. How states follow one another is
left to a `Recurrence`; what can be done for all times at once is done here.
"""

from collections.abc import Callable
from itertools import accumulate
from typing import Protocol

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

_MULTIPLE = 8  # of utterances at a time; the finer, the sooner a batch does not fit


class Plan:
    """Where packed frames lie: time after time, at each time those of the longest utterances.

    Args:
        lengths: Of many batches, [batches, B]; the plan has room for each of them.
        device: Where batches will be.

    Attributes:
        rows: How many utterances there is room for at each time, falling.
        slices: Where the frames of each time lie.
        start: The same, beginnings only, and the end; 32-bit integers on the device.
    """

    def __init__(self, lengths: Tensor, device: torch.device) -> None:
        longest = lengths.cpu().sort(dim=1, descending=True).values.amax(dim=0)
        at_it = longest > torch.arange(max(1, int(longest.max())))[:, None]
        counts = at_it.sum(dim=1).clamp(min=1).tolist()
        self.rows = [min(lengths.shape[1], -(-c // _MULTIPLE) * _MULTIPLE) for c in counts]
        start = list(accumulate(self.rows, initial=0))
        self.slices = [slice(a, a + c) for a, c in zip(start, self.rows, strict=False)]
        self.start = torch.tensor(start, dtype=torch.int32, device=device)
        self.times = torch.arange(len(counts), device=device)
        self._time = torch.repeat_interleave(self.times, torch.tensor(self.rows, device=device))
        self._rank = torch.cat([torch.arange(c, device=device) for c in self.rows])

    def pack(self, lengths: Tensor, padded: int) -> tuple[Tensor, ...]:
        """Lay out batches of lengths [R, B] that are padded to some length.

        Returns:
            Utterances from the longest to the shortest [R, B], their lengths [R, B]; of every
            packed frame its place among the padded ones, its utterance, and whether it is real
            [R, n].
        """
        ranked, order = lengths.sort(dim=1, descending=True, stable=True)
        row = order[:, self._rank]
        place = row * padded + self._time.clamp(max=padded - 1)
        return order, ranked, place, row, self._time < ranked[:, self._rank]


class Recurrence(Protocol):
    """How states follow one another, in a plan's layout and with utterances in its order.

    The four gates of a unit (input, forget, candidate, output) lie side by side, in gates [R, n,
    4 H] as in weights [R, 4 H, H]. ``highest`` and ``when`` [R, B, H] are the highest state and the
    time at which it was, 0 and -1 of utterances without frames.
    """

    def forward(
        self, plan: Plan, gates: Tensor, weight_hh: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """From what the data give the gates: gates, states before, cells, highest, when."""
        ...

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
        """Gradient [R, n, 4 H] of what went into the gates, zero where no frame is real."""
        ...


def planned_maximum(plan: Plan, recurrence: Recurrence) -> Callable[..., Tensor]:
    """A function that does what ``robust_mer.models.recurrent.lstm_maximum`` does.

    It gives gradients of the weights only. Batches must fit the plan, which it does not check.
    """

    def maximum(
        frames: Tensor,
        lengths: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias_ih: Tensor,
        bias_hh: Tensor,
    ) -> Tensor:
        one = (frames, lengths, weight_ih, weight_hh, bias_ih + bias_hh)
        return _Planned.apply(plan, recurrence, *(tensor[None] for tensor in one))[0][0]

    return maximum


class _Planned(torch.autograd.Function):
    @staticmethod
    def forward(
        plan: Plan,
        recurrence: Recurrence,
        frames: Tensor,
        lengths: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias: Tensor,
    ) -> tuple[Tensor, ...]:
        order, ranked, place, _, _ = plan.pack(lengths, frames.shape[2])
        first = torch.arange(len(frames), device=frames.device)[:, None] * frames[0, ..., 0].numel()
        data = frames.flatten(0, 2).index_select(0, (place + first).flatten())
        data = data.view(*place.shape, -1)
        gates = torch.baddbmm(_by_unit(bias)[:, None], data, _by_unit(weight_ih).mT)
        gates, before, cells, highest, when = recurrence.forward(
            plan, gates, _by_unit(weight_hh), ranked
        )
        highest = torch.empty_like(highest).scatter_(1, _wide(order, highest), highest)
        return highest, data, gates, before, cells, when, order, ranked

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple, output: tuple) -> None:
        ctx.plan, ctx.recurrence, *_, weight_hh, _ = inputs
        ctx.mark_non_differentiable(*output[1:])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(weight_hh, *output[1:])

    @staticmethod
    def backward(ctx: FunctionCtx, of_highest: Tensor, *_: None) -> tuple[Tensor | None, ...]:
        weight_hh, data, gates, before, cells, when, order, ranked = ctx.saved_tensors
        of_ranked = of_highest.gather(1, _wide(order, of_highest))
        of_gates = ctx.recurrence.backward(
            ctx.plan, of_ranked, when, gates, cells, _by_unit(weight_hh), ranked
        )
        of_weights = (of_gates.mT @ data, of_gates.mT @ before, of_gates.sum(dim=1))
        return None, None, None, None, *map(_by_gate, of_weights)

    @staticmethod
    def vmap(info, in_dims: tuple[int | None, ...], plan: Plan, recurrence: Recurrence, *stacked):
        """The replica dimension takes the place of the one net's."""
        nets = [
            tensor.expand(info.batch_size, *tensor.shape[1:])
            if dim is None
            else tensor.movedim(dim, 0).squeeze(1)
            for tensor, dim in zip(stacked, in_dims[2:], strict=True)
        ]
        outputs = _Planned.apply(plan, recurrence, *nets)
        return tuple(output[:, None] for output in outputs), (0,) * len(outputs)


def _by_unit(weight: Tensor) -> Tensor:
    """From torch's order, gate after gate, to the gates of a unit side by side."""
    return weight.unflatten(1, (4, -1)).transpose(1, 2).flatten(1, 2)


def _by_gate(weight: Tensor) -> Tensor:
    return weight.unflatten(1, (-1, 4)).transpose(1, 2).flatten(1, 2)


def _wide(order: Tensor, like: Tensor) -> Tensor:
    return order[..., None].expand_as(like)
