"""LSTMs, all states or their maximum over time, for one net or for a stack of nets at once.

torch's own LSTM has no rule for ``torch.func.vmap``, computes over padding, and multiplies out the
gradients of the weights at every step. Here the frames are packed as by ``pack_padded_sequence``, a
step is one matrix product for all nets, and the gradient of a weight is one product at the end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# torch has the gates in the order input, forget, candidate, output. Here the candidate comes first:
# then the three sigmoids lie side by side, and so do the three that feed the cell.
_ORDER, _TORCHS_ORDER = [2, 0, 1, 3], [1, 2, 0, 3]


def lstm_maximum(
    frames: Tensor,
    lengths: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor,
    bias_hh: Tensor,
) -> Tensor:
    """Maximum, over an utterance's own frames, of the states of a one-layer LSTM.

    Args:
        frames: Padded with finite numbers, [B, T, D].
        lengths: How many frames of each are real, [B].
        weight_ih: [4 H, D]; order and meaning of the weights are those of ``nn.LSTM``.
        weight_hh: [4 H, H].
        bias_ih: [4 H].
        bias_hh: [4 H].

    Returns:
        [B, H]; zeros for an utterance without frames. Under ``vmap`` each tensor may have a replica
        dimension.
    """
    one = (frames, lengths, weight_ih, weight_hh, bias_ih + bias_hh)
    return _LSTMMaximum.apply(*(tensor[None] for tensor in one))[0][0]


def lstm_states(inputs: Tensor, lengths: Tensor, weight_hh: Tensor, backwards: Tensor) -> Tensor:
    """States of one-layer LSTMs at all frames; K nets of one size run as one.

    Args:
        inputs: What the frames add to the gates, ``W_ih x + b_ih + b_hh``: [K, B, T, 4 H], finite
            in padding too. Order and meaning of the weights are those of ``nn.LSTM``.
        lengths: How many frames of each are real, [K, B].
        weight_hh: [K, 4 H, H].
        backwards: Which nets begin at an utterance's last real frame, bool [K].

    Returns:
        [K, B, T, H]; zeros behind an utterance's end. Under ``vmap`` each tensor may have a replica
        dimension.
    """
    return _LSTMStates.apply(inputs, lengths, weight_hh, backwards)[0]


class _LSTMMaximum(torch.autograd.Function):
    """`lstm_maximum` of R nets: every tensor has R in front. The first output is the result."""

    @staticmethod
    def forward(
        frames: Tensor, lengths: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor
    ) -> tuple[Tensor, ...]:
        place, row, real, active = _pack(lengths, frames.shape[2])
        weight_ih, weight_hh, bias = (_reorder(w, _ORDER) for w in (weight_ih, weight_hh, bias))
        data = _take(frames.flatten(1, 2), place)
        gates = torch.baddbmm(bias[:, None], data, weight_ih.mT)
        states, cells, squashed = _run_forwards(gates, weight_hh, active)
        size = weight_hh.shape[2]
        highest = frames.new_full((*lengths.shape, size), -torch.inf).scatter_reduce(
            1, _wide(row, size), states.masked_fill(~real[..., None], -torch.inf), "amax"
        )
        highest = torch.where(lengths[..., None] > 0, highest, 0.0)
        return highest, data, gates, states, cells, squashed, place, row, real, active

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        frames, _, weight_ih, weight_hh, _ = inputs
        ctx.padded = frames.shape
        ctx.mark_non_differentiable(*output[1:])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(weight_ih, weight_hh, *output)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_highest: Tensor, *_: None) -> tuple[Tensor | None, ...]:
        weight_ih, weight_hh, highest, *kept = ctx.saved_tensors
        data, gates, states, cells, squashed, place, row, real, active = kept
        size = weight_hh.shape[2]
        # The maximum hands its gradient to the states that reach it, in equal shares, as amax does.
        wide = _wide(row, size)
        reached = ((states == _take(highest, row)) & real[..., None]).to(states.dtype)
        share = of_highest / torch.zeros_like(highest).scatter_add(1, wide, reached).clamp(min=1)
        of_states = _take(share, row).mul_(reached)
        of_gates = _run_backwards(
            of_states, _reorder(weight_hh, _ORDER), gates, states, cells, squashed, active
        )
        of_frames = None
        if ctx.needs_input_grad[0]:
            of_frames = data.new_zeros(ctx.padded).flatten(1, 2)
            of_frames.scatter_(
                1, _wide(place, data.shape[2]), of_gates @ _reorder(weight_ih, _ORDER)
            )
            of_frames = of_frames.view(ctx.padded)
        state_before = _shift(states, active)
        of_weights = (of_gates.mT @ data, of_gates.mT @ state_before, of_gates.sum(dim=1))
        return of_frames, None, *(_reorder(w, _TORCHS_ORDER) for w in of_weights)

    @staticmethod
    def vmap(info, in_dims: tuple[int | None, ...], *stacked: Tensor) -> tuple[tuple, tuple]:
        return _as_more_nets(_LSTMMaximum, info.batch_size, in_dims, stacked)


class _LSTMStates(torch.autograd.Function):
    """`lstm_states`. The first output is the result."""

    @staticmethod
    def forward(
        inputs: Tensor, lengths: Tensor, weight_hh: Tensor, backwards: Tensor
    ) -> tuple[Tensor, ...]:
        nets, batch, padded, _ = inputs.shape
        place, row, real, active = _pack(lengths, padded)
        # Read from the end and written where they were read, the frames need not be turned round.
        last = lengths.gather(1, row) - 1
        turned = 2 * row * padded + last - place
        place = torch.where(backwards[:, None] & real, turned, place)
        gates = _reorder(_take(inputs.flatten(1, 2), place), _ORDER, 2)
        states, cells, squashed = _run_forwards(gates, _reorder(weight_hh, _ORDER), active)
        size = weight_hh.shape[2]
        result = inputs.new_zeros(nets, batch * padded, size).scatter_(
            1, _wide(place, size), states.masked_fill(~real[..., None], 0.0)
        )
        result = result.view(nets, batch, padded, size)
        return result, gates, states, cells, squashed, place, real, active

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple) -> None:
        ctx.padded = inputs[0].shape
        ctx.mark_non_differentiable(*output[1:])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(inputs[2], *output[1:])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_result: Tensor, *_: None) -> tuple[Tensor | None, ...]:
        weight_hh, gates, states, cells, squashed, place, real, active = ctx.saved_tensors
        of_states = _take(of_result.flatten(1, 2), place).mul_(real[..., None])
        of_gates = _run_backwards(
            of_states, _reorder(weight_hh, _ORDER), gates, states, cells, squashed, active
        )
        of_weight = _reorder(of_gates.mT @ _shift(states, active), _TORCHS_ORDER)
        of_inputs = gates.new_zeros(ctx.padded).flatten(1, 2)
        of_inputs.scatter_(1, _wide(place, gates.shape[2]), _reorder(of_gates, _TORCHS_ORDER, 2))
        return of_inputs.view(ctx.padded), None, of_weight, None

    @staticmethod
    def vmap(info, in_dims: tuple[int | None, ...], *stacked: Tensor) -> tuple[tuple, tuple]:
        return _as_more_nets(_LSTMStates, info.batch_size, in_dims, stacked)


def _as_more_nets(
    function: type[torch.autograd.Function],
    replicas: int,
    in_dims: tuple[int | None, ...],
    stacked: tuple[Tensor, ...],
) -> tuple[tuple, tuple]:
    """Rule for ``vmap``: K nets of R replicas are R K nets."""
    nets = [
        (tensor.expand(replicas, *tensor.shape) if dim is None else tensor.movedim(dim, 0)).flatten(
            0, 1
        )
        for tensor, dim in zip(stacked, in_dims, strict=True)
    ]
    *outputs, active = function.apply(*nets)
    outputs = [output.unflatten(0, (replicas, -1)) for output in outputs]
    return (*outputs, active), (0,) * len(outputs) + (None,)


def _run_forwards(
    gates: Tensor, weight_hh: Tensor, active: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """States, cells and their tanh [R, n, H]; packed gates [R, n, 4 H] take their final values."""
    size, recurrent = weight_hh.shape[2], weight_hh.mT.contiguous()
    states, cells, squashed = (gates.new_empty(*gates.shape[:2], size) for _ in range(3))
    state_before = cell_before = states[:, :0]
    for gate, sigmoids, candidate, enter, keep, leave, state, cell, squash in _by_step(
        active, gates, gates[..., size:], *gates.chunk(4, dim=2), states, cells, squashed
    ):
        first, count = state_before.shape[1] == 0, state.shape[1]
        if not first:
            gate.baddbmm_(state_before[:, :count], recurrent)
        candidate.tanh_()
        sigmoids.sigmoid_()
        torch.mul(enter, candidate, out=cell)
        if not first:
            cell.addcmul_(keep, cell_before[:, :count])
        torch.mul(leave, torch.tanh(cell, out=squash), out=state)
        state_before, cell_before = state, cell
    return states, cells, squashed


def _run_backwards(
    of_states: Tensor,
    recurrent: Tensor,
    gates: Tensor,
    states: Tensor,
    cells: Tensor,
    squashed: Tensor,
    active: Tensor,
) -> Tensor:
    """Gradient of the packed gates [R, n, 4 H], before tanh and sigmoid, from the states'."""
    size = states.shape[2]
    cell_before = _shift(cells, active)
    candidate, enter, keep, leave = gates.chunk(4, dim=2)
    by_cell = torch.cat(
        [
            enter * (1 - candidate**2),
            candidate * enter * (1 - enter),
            cell_before * keep * (1 - keep),
        ],
        dim=2,
    ).unflatten(2, (3, size))
    leave_by_state = squashed * leave * (1 - leave)
    cell_by_state = leave * (1 - squashed**2)
    of_gates = torch.empty_like(gates)
    # Utterances join in from the longest to the shortest as time runs backwards.
    batch = max(active.tolist(), default=0)
    later_state, later_cell = states.new_zeros(2, len(states), batch, size)
    of_gate_by_gate = of_gates.unflatten(2, (4, size))
    for of_gate, of_three, of_leave, of_state, by_three, by_leave, by_state, kept in reversed(
        _by_step(
            active,
            of_gates,
            of_gate_by_gate[:, :, :3],
            of_gate_by_gate[:, :, 3],
            of_states,
            by_cell,
            leave_by_state,
            cell_by_state,
            keep,
        )
    ):
        count = of_state.shape[1]
        state = later_state[:, :count].add_(of_state)
        cell = later_cell[:, :count].addcmul_(state, by_state)
        torch.mul(cell[:, :, None], by_three, out=of_three)
        torch.mul(state, by_leave, out=of_leave)
        state.copy_(torch.bmm(of_gate, recurrent))
        cell.mul_(kept)
    return of_gates


def _pack(lengths: Tensor, padded: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Put the frames of all utterances [R, B] in order of time, long utterances first.

    All nets share the layout, that of the longest utterances of each rank.

    Returns:
        The place of each packed frame among the padded ones [R, n], its utterance [R, n], whether
        it is a real one [R, n], and on the CPU how many utterances are at it at each time.
    """
    sorted_lengths, order = lengths.sort(dim=1, descending=True, stable=True)
    longest = sorted_lengths.amax(dim=0)
    at_it = longest > torch.arange(padded, device=lengths.device)[:, None]
    time, rank = at_it.nonzero(as_tuple=True)
    row = order[:, rank]
    active = at_it.sum(dim=1).cpu()
    return row * padded + time, row, time < sorted_lengths[:, rank], active[active > 0]


def _by_step(active: Tensor, *packed: Tensor) -> list[tuple[Tensor, ...]]:
    """The rows [R, b, ...] of packed tensors [R, n, ...] that belong to each time."""
    return list(zip(*(values.split(active.tolist(), dim=1) for values in packed), strict=True))


def _shift(values: Tensor, active: Tensor) -> Tensor:
    """Of packed values [R, n, H] those of the same utterances one frame before, zeros at first."""
    counts = active.tolist()
    steps = values.split(counts, dim=1)
    before = [step[:, :count] for step, count in zip(steps, counts[1:], strict=False)]
    return torch.cat([torch.zeros_like(steps[0]), *before], dim=1) if steps else values


def _reorder(values: Tensor, order: list[int], dim: int = 1) -> Tensor:
    """What belongs to the four gates, side by side in a dimension, in another order."""
    gates = values.chunk(4, dim)  # not indexed by a list, for which a GPU would be waited for
    return torch.cat([gates[gate] for gate in order], dim)


def _wide(index: Tensor, width: int) -> Tensor:
    return index[..., None].expand(*index.shape, width)


def _take(values: Tensor, place: Tensor) -> Tensor:
    """Rows of values [R, m, D] at some places [R, n]: [R, n, D]. Faster than gather."""
    first = torch.arange(len(values), device=place.device)[:, None] * values.shape[1]
    taken = values.flatten(0, 1).index_select(0, (place + first).flatten())
    return taken.view(*place.shape, values.shape[2])


_APPLY = "apply"


@contextmanager
def lstms_as_onnx() -> Iterator[None]:
    """While it lasts, LSTMs are nodes of ONNX, for `torch.onnx.export`; they compute nothing."""
    traced = {_LSTMMaximum: _maximum_as_onnx, _LSTMStates: _states_as_onnx}
    for function, nodes in traced.items():
        setattr(function, _APPLY, nodes)
    try:
        yield
    finally:
        for function in traced:
            delattr(function, _APPLY)  # the inherited one appears again


def _maximum_as_onnx(
    frames: Tensor, lengths: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor
) -> tuple[Tensor]:
    """As `_LSTMMaximum` of one net."""
    length = lengths[0]
    states = _onnx_lstm(frames[0], length, weight_ih[0], weight_hh[0], bias[0])
    real = torch.arange(states.shape[1]) < length[:, None]
    highest = states.masked_fill(~real[..., None], -torch.inf).amax(dim=1)
    return (torch.where(length[:, None] > 0, highest, 0.0)[None],)


def _states_as_onnx(
    inputs: Tensor, lengths: Tensor, weight_hh: Tensor, backwards: Tensor
) -> tuple[Tensor]:
    """As `_LSTMStates`. The inputs are gates already, so ONNX multiplies them by one."""
    time = torch.arange(inputs.shape[2])
    real = time < lengths[..., None]
    place = torch.where(backwards[:, None, None] & real, lengths[..., None] - 1 - time, time)
    place = place[..., None]
    turned = inputs.gather(2, place.expand_as(inputs))
    gates = inputs.shape[3]
    nets = zip(turned.unbind(), lengths.unbind(), weight_hh.unbind(), strict=True)
    states = torch.stack(
        [
            _onnx_lstm(frames, length, torch.eye(gates), weight, torch.zeros(gates))
            for frames, length, weight in nets
        ]
    )
    states = states.gather(2, place.expand_as(states))
    return (torch.where(real[..., None], states, 0.0),)


def _onnx_lstm(
    frames: Tensor, length: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor
) -> Tensor:
    """A node of ONNX with the states [B, T, H] of frames [B, T, D], ``length`` [B] of them real."""
    from torch.onnx.ops import symbolic_multi_out

    batch, padded, size = frames.shape[0], frames.shape[1], weight_hh.shape[1]
    # ONNX has the gates in the order input, output, forget, candidate.
    weights = [
        weight.unflatten(0, (4, size))[[0, 3, 1, 2]].flatten(0, 1)[None]
        for weight in (weight_ih, weight_hh, bias)
    ]
    weights[2] = torch.cat([weights[2], torch.zeros_like(weights[2])], dim=1)
    states, *_ = symbolic_multi_out(
        "LSTM",
        [frames.transpose(0, 1), *weights, length.to(torch.int32)],
        {"hidden_size": size},
        dtypes=[frames.dtype] * 3,
        shapes=[[padded, 1, batch, size], [1, batch, size], [1, batch, size]],
        version=14,
    )
    return states[:, 0].transpose(0, 1)
