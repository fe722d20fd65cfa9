"""Race 1: ways to compute the recurrent encoders of R replicas, forward and backward."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from recurrent.graph import Fan, Graph
from recurrent.planned import Plan, planned_maximum
from recurrent.problem import HIDDEN, Problem, Result, masked_maximum, plain_net, stacked_step
from recurrent.stepwise import Stepwise
from recurrent.timing import seconds
from robust_mer.models import recurrent as package

Step = Callable[[], Result]


def plain(problem: Problem, graphs: bool) -> Step:
    """``nn.LSTM`` per replica: cuDNN, replicas spread over streams.

    Without graphs frames are packed, so padding costs nothing; in a graph, whose shapes are fixed,
    they are padded.
    """
    fan = Fan(problem.frames.device)
    one = _padded_net if graphs else _packed_net
    works = [one(problem, replica) for replica in range(len(problem.frames))]
    if graphs:
        works = [Graph(work, stream=fan.stream(place)) for place, work in enumerate(works)]

    def step() -> Result:
        highest, gradients = zip(*fan(works), strict=True)
        return torch.stack(highest), [torch.stack(some) for some in zip(*gradients, strict=True)]

    return step


def _padded_net(problem: Problem, replica: int) -> Step:
    net = plain_net(problem, replica)

    def step() -> Result:
        highest = masked_maximum(net(problem.frames[replica])[0], problem.lengths[replica])
        return _with_gradients(highest, net, problem.direction[replica])

    return step


def _packed_net(problem: Problem, replica: int) -> Step:
    net, frames, lengths = (
        plain_net(problem, replica),
        problem.frames[replica],
        problem.lengths[replica],
    )
    # Who makes a batch knows the lengths: where frames go is no part of the step.
    at_least_one, padded = lengths.cpu().clamp(min=1), frames.shape[1]
    places = torch.arange(len(frames) * padded).view(len(frames), padded)
    packed = pack_padded_sequence(places, at_least_one, batch_first=True, enforce_sorted=False)
    place = packed.data.to(frames.device)
    row = (place // padded)[:, None].expand(-1, HIDDEN)

    def step() -> Result:
        data = frames.flatten(0, 1).index_select(0, place)
        states = net(PackedSequence(data, packed.batch_sizes))[0].data
        lowest = states.new_full((len(frames), HIDDEN), -torch.inf)
        highest = lowest.scatter_reduce(0, row, states, "amax")
        highest = torch.where(lengths[:, None] > 0, highest, 0.0)
        return _with_gradients(highest, net, problem.direction[replica])

    return step


def _with_gradients(highest: Tensor, net: nn.LSTM, direction: Tensor) -> Result:
    gradients = torch.autograd.grad(highest, list(net.parameters()), direction)
    return highest.detach(), list(gradients)


def stacked(problem: Problem) -> Step:
    """The package's function under vmap, started kernel by kernel."""
    return stacked_step(package.lstm_maximum, problem)


def stacked_graph(problem: Problem) -> Step:
    """The same in a CUDA graph."""
    with fixed_layout(problem.plan):
        return Graph(stacked(problem))


def compiled_graph(problem: Problem) -> Step:
    """Compiled steps in a CUDA graph."""
    return Graph(stacked_step(planned_maximum(problem.plan, Stepwise()), problem))


def fused(problem: Problem, precision: str) -> Step:
    """Triton kernels, started one by one: there are few."""
    return min(_fused_steps(problem, precision), key=lambda item: item[0])[1]


def fused_maximum(problem: Problem, plan: Plan) -> Callable[..., Tensor]:
    """Triton kernels in the shape that is fastest on a problem, for another plan."""
    best = min(_fused_steps(problem, "ieee"), key=lambda item: item[0])[2]
    return planned_maximum(plan, best)


def _fused_steps(problem: Problem, precision: str) -> Iterator[tuple[float, Step, object]]:
    from recurrent.fused import BACKWARD, FORWARD, Fused  # there may be no Triton

    for forward, backward in product(FORWARD, BACKWARD):
        recurrence = Fused(precision, forward, backward)
        step = stacked_step(planned_maximum(problem.plan, recurrence), problem)
        yield seconds(step, problem.frames.device, budget=0.1)[0], step, recurrence


@contextmanager
def fixed_layout(plan: Plan) -> Iterator[None]:
    """Let the package's LSTM lay out frames after a plan, and never wait for the device."""
    active = torch.tensor(plan.rows)

    def pack(lengths: Tensor, padded: int) -> tuple[Tensor, ...]:
        _, _, place, row, real = plan.pack(lengths, padded)
        return place, row, real, active

    def reorder(weight: Tensor, order: list[int]) -> Tensor:
        gates = weight.chunk(4, dim=1)
        return torch.cat([gates[place] for place in order], dim=1)

    with mock.patch.multiple(package, _pack=pack, _reorder=reorder):
        yield


CANDIDATES: dict[str, Callable[[Problem], Step]] = {
    "cudnn_streams": partial(plain, graphs=False),
    "cudnn_graphs": partial(plain, graphs=True),
    "stacked": stacked,
    "stacked_graph": stacked_graph,
    "compiled_graph": compiled_graph,
    "triton": partial(fused, precision="ieee"),
    "triton_tf32x3": partial(fused, precision="tf32x3"),
}
ON_CPU = {"cudnn_streams", "stacked"}
