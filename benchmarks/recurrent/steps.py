"""Race 2: ways to take one training step of R replicas of a model of the package."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from unittest import mock

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from recurrent.encoders import fixed_layout, fused_maximum
from recurrent.graph import Fan, Graph
from recurrent.planned import Plan, planned_maximum
from recurrent.problem import draw_lengths, draw_problem, masked_maximum
from recurrent.stepwise import Stepwise
from robust_mer.models import blocks, men, nmer
from robust_mer.models.blocks import EMBEDDING, RecurrentEncoder, TextCNN
from robust_mer.models.chance import Chance
from robust_mer.models.model import Batch, Model
from robust_mer.training.nets import Nets, Optimiser

MODELS = {"men": (men.MEN, men.SETTINGS), "nmer": (nmer.NMER, nmer.SETTINGS)}
CLASSES, TOKENS = 4, 22
_OPTIMISERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
_PLANNED = 50  # batches that the plan has room for

VARIANTS = ("plain_graphs", "stacked", "stacked_graph", "compiled_graph", "triton", "triton_graph")
ON_CPU = {"plain_graphs", "stacked"}

Step = Callable[[], Tensor]


@contextmanager
def training_step(
    variant: str,
    model: str,
    replicas: int,
    device: torch.device,
    widths: dict[str, int],
    batch: int,
    longest: int,
) -> Iterator[Step]:
    """A step that returns the replicas' losses [R]; it works inside this context only.

    Args:
        variant: One of ``VARIANTS``; without a GPU ``plain_graphs`` has neither graphs nor streams.
        model: One of ``MODELS``.
        replicas: How many.
        device: Where they train.
        widths: Dimensions of a frame by modality.
        batch: Samples of each replica.
        longest: Frames of the longest utterance, to which the frames are padded.
    """
    create, settings = MODELS[model]
    models = []
    for replica in range(replicas):
        torch.manual_seed(replica)
        models.append(create(settings, widths, CLASSES))
    drawn = _draw_batch(replicas, device, widths, batch, longest, model == "nmer")
    sites = sum(isinstance(part, Chance) for part in models[0].modules())
    keys = torch.randint(1 << 31, (replicas, sites, 2), dtype=torch.int32, device=device)
    others = draw_lengths((_PLANNED * replicas, batch), longest, 1000)
    plan = Plan(torch.cat([others, drawn.lengths["audio"].cpu()]), device)
    with ExitStack() as stack:
        if variant == "plain_graphs":
            stack.enter_context(mock.patch.object(RecurrentEncoder, "forward", _with_torchs_lstm))
            yield _plain(models, drawn, keys, settings)
            return
        if variant == "stacked_graph":
            stack.enter_context(fixed_layout(plan))
        elif variant != "stacked":
            if variant == "compiled_graph":
                maximum = planned_maximum(plan, Stepwise())
            else:
                maximum = fused_maximum(
                    draw_problem(replicas, widths["audio"], device, batch, longest), plan
                )
            stack.enter_context(mock.patch.object(blocks, "lstm_maximum", maximum))
        step = _stacked(models, drawn, settings)
        step = Graph(step, [keys]) if variant.endswith("graph") else step
        yield lambda: step(keys)


def _draw_batch(
    replicas: int,
    device: torch.device,
    widths: dict[str, int],
    batch: int,
    longest: int,
    taught: bool,
) -> Batch:
    generator = torch.Generator(device).manual_seed(0)
    draw = partial(torch.randn, generator=generator, device=device)
    lengths = draw_lengths((replicas, batch), longest, 0).to(device)
    tokens = lengths.clamp(max=TOKENS)
    received = {
        m: draw(replicas, batch, TOKENS if m == "text" else longest, d) for m, d in widths.items()
    }
    label = torch.randint(CLASSES, (replicas, batch), generator=generator, device=device)
    joint = (replicas, batch, EMBEDDING * len(widths))
    targets = {name: draw(*joint) for name in ("specific", "invariant")} if taught else {}
    told = torch.zeros(replicas, batch, len(widths), dtype=torch.bool, device=device)
    of_frames = {m: tokens if m == "text" else lengths for m in widths}
    return Batch(received, of_frames, label, targets, told, {})


def _with_torchs_lstm(self: RecurrentEncoder, frames: Tensor, lengths: Tensor) -> Tensor:
    return masked_maximum(self.lstm(frames)[0], lengths)


def _plain(models: list[Model], batch: Batch, keys: Tensor, settings: dict) -> Step:
    """Nets of their own, each in a graph of its own, spread over streams."""
    fan = Fan(keys.device)
    works = []
    for replica, model in enumerate(models):
        one = Batch(
            *({m: v[replica] for m, v in part.items()} for part in (batch.received, batch.lengths)),
            batch.label[replica],
            {name: value[replica] for name, value in batch.targets.items()},
            batch.is_clean[replica],
            {},
        )
        work = _plain_step(model.to(keys.device).train(), one, settings)
        if keys.is_cuda:
            work = Graph(work, [keys[replica]], fan.stream(replica))
        works.append(partial(work, keys[replica]))
    return lambda: torch.stack(fan(works))


def _plain_step(model: Model, batch: Batch, settings: dict) -> Callable[[Tensor], Tensor]:
    parameters = dict(model.named_parameters())
    parts: dict[str, list[nn.Parameter]] = {}
    for name, parameter in parameters.items():
        parts.setdefault(model.sub_network(name), []).append(parameter)
    optimiser = _OPTIMISERS[settings["optimiser"]](
        model.parameters(),
        lr=settings["learning_rate"],
        weight_decay=settings["weight_decay"],
        fused=True,
        capturable=batch.label.is_cuda,
    )
    chances = [part for part in model.modules() if isinstance(part, Chance)]

    def step(keys: Tensor) -> Tensor:
        for part, key in zip(chances, keys, strict=True):
            part.key = key
        loss = torch.stack(list(model.loss(batch).values())).sum()
        # Not backward(): it would add into tensors that belong to another stream's memory.
        gradients = torch.autograd.grad(loss, list(parameters.values()))
        for parameter, gradient in zip(parameters.values(), gradients, strict=True):
            parameter.grad = gradient
        for part in parts.values():
            nn.utils.clip_grad_norm_(part, settings["clip_norm"])
        optimiser.step()
        return loss.detach()

    return step


def _stacked(models: list[Model], batch: Batch, settings: dict) -> Callable[[Tensor], Tensor]:
    """The engine's way."""
    nets = Nets(models, batch.label.device)
    optimiser = Optimiser(nets, settings)
    optimiser.set_epoch(1)
    for group in optimiser._optimiser.param_groups:  # the engine does not need it without graphs
        group["capturable"] = batch.label.is_cuda
    everyone = list(range(len(models)))

    def step(keys: Tensor) -> Tensor:
        parts = nets.backward(everyone, batch, keys, settings["clip_norm"])
        optimiser.step(everyone)
        return parts["loss"]

    return step


def text_step(
    as_products: bool, replicas: int, device: torch.device, width: int, batch: int
) -> Callable[[], object]:
    """Forward and backward of stacked TextCNNs, which convolve in groups or multiply matrices."""
    nets = [TextCNN(width).to(device).eval() for _ in range(replicas)]
    for net in nets:
        net.stacked = as_products
    weights, _ = stack_module_state(nets)
    tokens = torch.randn(replicas, batch, TOKENS, width, device=device)
    lengths = torch.randint(1, TOKENS + 1, (replicas, batch), device=device)
    direction = torch.randn(replicas, batch, EMBEDDING, device=device)

    def one(weights: dict[str, Tensor], *inputs: Tensor) -> Tensor:
        return functional_call(nets[0], weights, inputs)

    def step() -> tuple[Tensor, ...]:
        leaves = {name: value.detach().requires_grad_() for name, value in weights.items()}
        embedding = torch.vmap(one)(leaves, tokens, lengths)
        return torch.autograd.grad(embedding, list(leaves.values()), direction)

    return step
