"""CM-ARR's losses: alignment, reconstruction, refinement."""

from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional

from robust_mer.models.cm_arr.umc import Gaussian


def squared_wasserstein(one: Gaussian, other: Gaussian) -> Tensor:
    """W2^2 = |mu_1 - mu_2|^2 + |sigma_1 - sigma_2|^2, of each with each: [B, B].

    The closed form for diagonal Gaussians.
    """
    a, b = torch.cat(one, dim=1), torch.cat(other, dim=1)
    return (a**2).sum(dim=1)[:, None] - 2 * a @ b.T + (b**2).sum(dim=1)


def alignment_loss(gaussians: list[Gaussian], temperature: Tensor) -> Tensor:
    """Distribution-based contrast: two modalities of an utterance find each other in the batch.

    Symmetric cross-entropy of the similarities -W2^2 / (D tau), mean over the pairs of modalities.
    It needs no labels.
    """
    losses = []
    for one, other in combinations(gaussians, 2):
        scale = one.mean.shape[1] * temperature
        similarity = -squared_wasserstein(one, other) / scale
        for direction in (similarity, similarity.T):
            losses.append(-direction.log_softmax(dim=1).diagonal().mean())
    return torch.stack(losses).mean()


def reconstruction_loss(
    points: dict[str, Tensor], rebuilt: dict[str, Tensor], available: Tensor
) -> Tensor:
    """MSE between the rebuilt and the true, detached, representations of missing modalities."""
    errors = torch.stack(
        [((rebuilt[m] - x.detach()) ** 2).mean(dim=1) for m, x in points.items()], dim=1
    )
    return torch.where(available, 0.0, errors).sum() / (~available).sum().clamp(min=1)


def refinement_loss(points: Tensor, group: Tensor, temperature: float) -> Tensor:
    """Point-based contrast, SupCon (Khosla et al. 2020, L_out), the modalities as views.

    The positives of a point are all others of the same group, those of its utterance included.

    Args:
        points: Representations [B, modalities, D].
        group: Of targets that count as alike, see `Task.groups` [B].
        temperature: tau.
    """
    views = functional.normalize(points.flatten(0, 1), dim=1)
    of_view = group[:, None].expand(points.shape[:2]).flatten()
    itself = torch.eye(len(views), dtype=torch.bool, device=views.device)
    positive = (of_view[:, None] == of_view) & ~itself
    similarity = (views @ views.T / temperature).masked_fill(itself, -torch.inf)
    log_share = torch.where(positive, similarity.log_softmax(dim=1), 0.0)
    return -(log_share.sum(dim=1) / positive.sum(dim=1)).mean()
