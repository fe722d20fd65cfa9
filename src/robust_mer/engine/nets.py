"""Replicas of one model that train as one: their parameters lie in one tensor."""

import copy
import dataclasses
from collections.abc import Callable
from itertools import groupby
from typing import Any, Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn
from torch.func import functional_call

from robust_mer.models.chance import Chance
from robust_mer.models.model import Batch, Model


@runtime_checkable
class _Stackable(Protocol):
    """A module that computes differently when several models run as one."""

    stacked: bool


class Nets:
    """R models of one structure, each trained on separate data.

    A single model runs as it is written. Several run as one through ``torch.func.vmap``, which does
    every operation for all of them at once. They share nothing, so the gradient of the sum of their
    losses contains the gradient of each.

    Args:
        models: The replicas; their weights are copied, and `model` returns one.
        device: Of the computation.

    Attributes:
        weights: Parameters of all replicas, [R, N], in the order of ``named_parameters``.
        sites: Number of places in a model that draw random numbers.
        digests: See `Model.digests`.
        leaves_out_noisy: See `robust_mer.models.settings.ModelSettings`.
    """

    def __init__(self, models: list[Model], device: torch.device) -> None:
        self._template = _Call(copy.deepcopy(models[0]).to(device))
        self._shapes = {
            name: value.shape for name, value in self._template.model.named_parameters()
        }
        self._sizes = [shape.numel() for shape in self._shapes.values()]
        every_name = self._template.model.named_parameters(remove_duplicate=False)
        self._are_tied = len(list(every_name)) > len(self._shapes)
        self._keys = [
            f"model.{name}.key"
            for name, part in self._template.model.named_modules()
            if isinstance(part, Chance)
        ]
        self.sites, self.digests = len(self._keys), models[0].digests
        self.leaves_out_noisy = models[0].settings.leaves_out_noisy
        self.weights = torch.stack(
            [torch.cat([p.detach().flatten() for p in model.parameters()]) for model in models]
        ).to(device)
        self.gradient = torch.zeros_like(self.weights)
        self._everyone = list(range(len(models)))
        self._mode: bool | None = None
        for part in self._template.modules():
            if isinstance(part, _Stackable):
                part.stacked = len(models) > 1
        self._leaves = self._views(self.weights)

    def __len__(self) -> int:
        return len(self._everyone)

    @property
    def device(self) -> torch.device:
        """Device of the replicas."""
        return self.weights.device

    def of_frames(self, method: str, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        """Rows [R, b, ...] of padded frames [R, b, T, D] with true ``lengths`` [R, b].

        ``method`` is ``encode``, ``digest`` or ``digest_clean`` of `Model`.
        """
        return cast(Tensor, self._call(method, modality, frames, lengths))

    def encode_digest(self, modality: str, digest: Tensor) -> Tensor:
        """Embeddings [R, n, E] of digests [R, n, F]; see `Model.encode_digest`."""
        return cast(Tensor, self._call("encode_digest", modality, digest))

    def predict(self, embeddings: dict[str, Tensor], is_clean: Tensor) -> Tensor:
        """Outputs [R, n, outputs] from embeddings [R, n, E].

        Args:
            embeddings: Of the received frames, per modality.
            is_clean: bool [R, n, modalities]; see `Model.predict`.
        """
        return cast(Tensor, self._call("predict", embeddings, is_clean))

    def teach(
        self, embeddings: dict[str, Tensor], of_zeros: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Targets of teachers for their students, by name: [R, n, ...]; see `Model.teach`."""
        return cast(dict[str, Tensor], self._call("teach", embeddings, of_zeros))

    def describe(self, embeddings: dict[str, Tensor]) -> dict[str, Tensor]:
        """What the models say of their input, by name: [R, n]; see `Model.describe`."""
        return cast(dict[str, Tensor], self._call("describe", embeddings))

    def health(self, replica: int, embeddings: dict[str, Tensor]) -> dict[str, float]:
        """Figures of one replica from its embeddings [n, E], by name; see `Model.health`."""
        one = {modality: values[None] for modality, values in embeddings.items()}
        figures: dict[str, Tensor] = self._call("health", one, replicas=[replica])
        return {name: value.item() for name, value in figures.items()}

    def layer_weights(self, replica: int) -> dict[str, float]:
        """One replica's weights of layers, by name; see `Model.layer_weights`."""
        if not self._template.model.layer_sums:
            return {}
        weights: dict[str, Tensor] = self._call("layer_weights", replicas=[replica])
        return {name: value.item() for name, value in weights.items()}

    def backward(
        self, replicas: list[int], batch: Batch, keys: Tensor, clip_norm: float
    ) -> dict[str, Tensor]:
        """Losses of k replicas on a batch each; writes their clipped gradients to ``gradient``.

        Args:
            replicas: The k replicas, ascending.
            batch: Every tensor with k as first dimension.
            keys: Of the random draws of this step, [k, sites, 2], 32-bit integers.
            clip_norm: Norm to which the gradient of each sub-network of each replica is clipped.

        Returns:
            The parts of the loss by name, and their sum as ``loss``: [k] each.
        """
        leaves = self._leaves if replicas == self._everyone else self._views(self.weights[replicas])
        places = dict(zip(self._keys, keys.unbind(dim=1), strict=True))
        self._set_mode(training=True)
        fields = [getattr(batch, field.name) for field in dataclasses.fields(batch)]
        parts: dict[str, Tensor] = self._run(leaves, places, "losses", *fields)
        loss = torch.stack(list(parts.values())).sum(dim=0)
        torch.autograd.backward(loss.sum())
        self._collect(leaves, replicas, clip_norm)
        return {name: value.detach() for name, value in {"loss": loss, **parts}.items()}

    def load(self, replica: int, weights: Tensor) -> None:
        """Replace a replica's weights by ``weights`` [N]."""
        self.weights[replica].copy_(weights)

    def model(self, weights: Tensor) -> Model:
        """A model on the CPU with ``weights`` [N]."""
        model = copy.deepcopy(self._template.model).cpu()
        pieces = torch.split(weights.cpu(), self._sizes)
        with torch.no_grad():
            for parameter, piece in zip(model.parameters(), pieces, strict=True):
                parameter.copy_(piece.view_as(parameter))
        return model.eval()

    def _call(self, method: str, *inputs: Any, replicas: list[int] | None = None) -> Any:
        """Call a method of the models in eval mode, without gradients.

        Args:
            method: Its name.
            inputs: Strings, which all models share; tensors, and dictionaries of them, with k as
                first dimension.
            replicas: The k models; None: all.

        Returns:
            The models' results, every tensor with k as first dimension.
        """
        self._set_mode(training=False)
        leaves = self._leaves if replicas is None else self._views(self.weights[replicas])
        with torch.no_grad():
            return self._run(leaves, {}, method, *inputs)

    def _set_mode(self, training: bool) -> None:
        """Training or eval mode; a walk through all modules only where it changes."""
        if self._mode is not training:
            self._template.train(training)
            self._mode = training

    def _views(self, weights: Tensor) -> dict[str, Tensor]:
        pieces = torch.split(weights.detach(), self._sizes, dim=1)
        return {
            f"model.{name}": piece.view(len(weights), *shape).requires_grad_()
            for (name, shape), piece in zip(self._shapes.items(), pieces, strict=True)
        }

    def _run(
        self, leaves: dict[str, Tensor], keys: dict[str, Tensor], method: str, *inputs: Any
    ) -> Any:
        def one(leaves: dict[str, Tensor], keys: dict[str, Tensor], *inputs: Any) -> Any:
            # To look for weights with two names at every call takes 5 % of a small model's time.
            return functional_call(
                self._template, {**leaves, **keys}, (method, *inputs), tie_weights=self._are_tied
            )

        tensors: tuple[Any, ...] = (leaves, keys, *inputs)
        if len(next(iter(leaves.values()))) == 1:
            # Squeezed, not indexed: the gradient of an index copies into zeros of the full size.
            return _map(lambda t: t[None], one(*(_map(lambda t: t.squeeze(0), p) for p in tensors)))
        in_dims = tuple(None if isinstance(part, str) else 0 for part in tensors)
        return torch.vmap(one, in_dims)(*tensors)

    def _collect(self, leaves: dict[str, Tensor], replicas: list[int], clip_norm: float) -> None:
        """Clip the leaves' gradients per replica and sub-network, as ``clip_grad_norm_`` does."""
        model, start = self._template.model, 0
        names = [name.removeprefix("model.") for name in leaves]
        parameters = zip(names, leaves.values(), strict=True)
        for _, part in groupby(parameters, key=lambda item: model.sub_network(item[0])):
            pieces = [
                (torch.zeros_like(leaf) if leaf.grad is None else leaf.grad).reshape(len(leaf), -1)
                for _, leaf in part
            ]
            factor = _clipping(pieces, clip_norm)
            for piece in pieces:
                place = slice(start, start + piece.shape[1])
                if replicas == self._everyone:
                    torch.mul(piece, factor, out=self.gradient[:, place])
                else:
                    self.gradient[replicas, place] = piece * factor
                start += piece.shape[1]
        for leaf in leaves.values():
            leaf.grad = None


class _Call(nn.Module):
    """Lets ``functional_call``, which only calls ``forward``, call any method of a model.

    Models receive the sum of a modality's layers. As a target it teaches the sum nothing: weights
    that make a target easy to reach would win.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, method: str, *inputs: Any) -> Any:
        if method == "losses":
            batch = Batch(*inputs)
            batch.received = self.model.sum_layers(batch.received)
            clean = self.model.sum_layers(batch.clean)
            batch.clean = {modality: frames.detach() for modality, frames in clean.items()}
            return self.model.loss(batch)
        if method in ("encode", "digest", "digest_clean"):
            modality, frames, lengths = inputs
            (summed,) = self.model.sum_layers({modality: frames}).values()
            return getattr(self.model, method)(modality, summed, lengths)
        return getattr(self.model, method)(*inputs)


def _map(function: Callable[[Tensor], Tensor], part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _map(function, value) for name, value in part.items()}
    return function(part) if isinstance(part, Tensor) else part


def _clipping(pieces: list[Tensor], norm: float) -> Tensor:
    """Factors [R, 1] that clip gradients [R, n] of a sub-network to a norm."""
    norms = [torch.linalg.vector_norm(piece, dim=1) for piece in pieces]
    whole: Tensor = torch.linalg.vector_norm(torch.stack(norms), dim=0)
    return (norm / (whole + 1e-6)).clamp(max=1.0)[:, None]
