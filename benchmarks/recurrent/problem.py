"""What the encoders are raced on: random frames, with lengths as IEMOCAP has them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from recurrent.planned import Plan

BATCH, LONGEST, HIDDEN = 128, 340, 128
_MEAN, _SPREAD = 45.0, 0.64  # frames at 10 Hz; of their logarithm
_PLANNED = 50  # batches that the plan has room for, besides the one at hand

Result = tuple[Tensor, list[Tensor]]


@dataclass
class Problem:
    """A batch for each of R replicas, their weights, and the gradient of what comes out.

    ``weights`` are those of ``nn.LSTM``, stacked: [R, 4 H, D], [R, 4 H, H], [R, 4 H], [R, 4 H].
    """

    frames: Tensor  # [R, B, T, D]; behind an utterance's end there is noise too
    lengths: Tensor  # [R, B]
    weights: list[Tensor]
    direction: Tensor  # [R, B, H]
    plan: Plan


def draw_lengths(count: tuple[int, ...], longest: int, seed: int) -> Tensor:
    """Log-normal lengths in frames, on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    logarithm = math.log(_MEAN) - _SPREAD**2 / 2 + _SPREAD * torch.randn(count, generator=generator)
    return logarithm.exp().round().long().clamp(1, longest)


def draw_problem(
    replicas: int, width: int, device: torch.device, batch: int = BATCH, longest: int = LONGEST
) -> Problem:
    """A problem; a replica has the same data and weights whatever the number of replicas."""
    parts = []
    for replica in range(replicas):
        generator = torch.Generator(device).manual_seed(replica + 1000 * width)
        shapes = [(batch, longest, width), (4 * HIDDEN, width), (4 * HIDDEN, HIDDEN)]
        shapes += [(4 * HIDDEN,), (4 * HIDDEN,), (batch, HIDDEN)]
        drawn = [torch.randn(shape, generator=generator, device=device) for shape in shapes]
        parts.append([drawn[0], *(w / HIDDEN**0.5 for w in drawn[1:5]), drawn[5]])
    frames, *weights, direction = (torch.stack(some) for some in zip(*parts, strict=True))
    lengths = torch.stack([draw_lengths((batch,), longest, r) for r in range(replicas)])
    others = draw_lengths((_PLANNED * replicas, batch), longest, 1000)
    plan = Plan(torch.cat([lengths, others]), device)
    return Problem(frames, lengths.to(device), weights, direction, plan)


def stacked_step(maximum: Callable[..., Tensor], problem: Problem) -> Callable[[], Result]:
    """Forward and backward of a function with ``lstm_maximum``'s signature, for all replicas.

    What it returns gives the maxima [R, B, H] and the gradients of the four weights.
    """

    def step() -> Result:
        # New leaves at every call: autograd ties a leaf to the stream on which it is first used.
        leaves = [weight.detach().requires_grad_() for weight in problem.weights]
        highest = torch.vmap(maximum)(problem.frames, problem.lengths, *leaves)
        gradients = torch.autograd.grad(highest, leaves, problem.direction)
        return highest.detach(), list(gradients)

    return step


def masked_maximum(states: Tensor, lengths: Tensor) -> Tensor:
    """Maximum [B, H] of states [B, T, H] over real frames, zeros where there are none."""
    real = torch.arange(states.shape[1], device=states.device) < lengths[:, None]
    highest = states.masked_fill(~real[..., None], -torch.inf).amax(dim=1)
    return torch.where(lengths[:, None] > 0, highest, 0.0)


def plain_net(problem: Problem, replica: int) -> nn.LSTM:
    """torch's own LSTM with a replica's weights."""
    net = nn.LSTM(problem.frames.shape[3], HIDDEN, batch_first=True, device=problem.frames.device)
    with torch.no_grad():
        for parameter, weight in zip(net.parameters(), problem.weights, strict=True):
            parameter.copy_(weight[replica])
    return net


def reference(problem: Problem, replica: int, folder: Path) -> Result:
    """A replica's result in float64 on the CPU, kept in a folder for whoever asks next."""
    path = folder / f"reference-{problem.frames.shape[3]}-{replica}.pt"
    if not path.exists():
        net = plain_net(problem, replica).cpu().double()
        frames, lengths = problem.frames[replica].cpu().double(), problem.lengths[replica].cpu()
        # Seven times as fast as computing over padding.
        packed = pack_padded_sequence(frames, lengths.clamp(min=1), True, enforce_sorted=False)
        states, _ = pad_packed_sequence(net(packed)[0], batch_first=True)
        highest = masked_maximum(states, lengths)
        direction = problem.direction[replica].cpu().double()
        gradients = torch.autograd.grad(highest, list(net.parameters()), direction)
        torch.save((highest.detach(), list(gradients)), path)
    return torch.load(path, weights_only=True)


def difference(result: Result, replica: int, expected: Result) -> float:
    """Largest norm of an error, relative to the norm of what it should be."""
    highest, gradients = result
    found = [highest[replica], *(gradient[replica] for gradient in gradients)]
    pairs = zip(found, [expected[0], *expected[1]], strict=True)
    errors = [(f.cpu().double() - e).norm() / e.norm() for f, e in pairs]
    return float(torch.stack(errors).max())  # NaN stays NaN
