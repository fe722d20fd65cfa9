"""CM-ARR: cross-modal alignment, reconstruction and refinement (Sun et al. 2024).

Three phases follow one another in a forward pass. *Alignment*: each modality's embedding becomes a
Gaussian (UMC, Figure 3), and the Gaussians of one utterance are drawn together by an unsupervised
contrastive loss on their 2-Wasserstein distance. *Reconstruction*: a normalizing flow per modality
takes the means to latents; a missing modality is the inverse of its own flow on the mean of the
available ones' latents. *Refinement*: a supervised contrastive loss on the means, real or rebuilt,
which then go side by side into the classifier.

Only a summary of the paper is available, without sizes, weights or tables. From it are the three
phases and what they are made of, the Gaussians, the distance, one flow per modality, and the three
weights. Ours are all figures below, encoders and classifier of the MMIN family, the kind of flow,
and what follows.

- Every sample has a condition of its own, and the summary does not say what each loss sees of it.
  The paper's corpora are complete, modalities are withheld from the model, and its Figure 5 sets
  rebuilt representations beside the true ones. So in training alignment and flows see the true
  representation of every modality of every sample: "aligns modality distributions" needs both of a
  pair, and "transform these aligned distributions" means the same ones. The true representation of
  a missing modality is a target and no more: classification and refinement get the rebuilt one, as
  in the test.
- A Gaussian's point, which flows, refinement and classifier get, is its mean; nothing is drawn.
- The model is told which modalities are noisy and treats them as missing. Where none is available
  nothing can be rebuilt, and it takes what it received, as if that were all available: in training
  (trained on ``none``) and in the test, the noisy features under noise, zeros under ``missing``.
"""

import math
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from robust_mer.models.blocks import EMBEDDING, classifier, initialise, modality_encoders
from robust_mer.models.flow import Flow
from robust_mer.models.model import Batch, Model

SETTINGS = {
    # adam or adamw
    "optimiser": "adam",
    # 5e-4 for MSP-IMPROV
    "learning_rate": 2e-4,
    # decay of the optimiser's first moment
    "beta1": 0.9,
    "weight_decay": 0.0,
    "batch_size": 64,
    # epochs with the full learning rate, then epochs in which it falls linearly towards zero
    "epochs_constant": 20,
    "epochs_falling": 20,
    # gradient norm at which each sub-network is clipped
    "clip_norm": 1.0,
    # of the classifier
    "dropout": 0.5,
    # weights of alignment, reconstruction and refinement (the paper's symbols)
    "alpha": 0.1,
    "beta": 0.1,
    "lambda": 0.1,
    # tau of the alignment at its start, which is learnt, and of the refinement, which is not
    "temperature_alignment": 0.07,
    "temperature_refinement": 0.07,
    # affine couplings of a flow
    "couplings": 8,
    # how the available latents become one: mean, or linear (a layer over them side by side)
    "join": "mean",
}

LIMITS = {
    "alpha": (0, 1e6),
    "beta": (0, 1e6),
    "lambda": (0, 1e6),
    "temperature_alignment": (1e-6, 1e6),
    "temperature_refinement": (1e-6, 1e6),
    "couplings": (2, 1000),
    "join": ["mean", "linear"],
}


class Gaussian(NamedTuple):
    """Diagonal Gaussians of some utterances, [B, D] each."""

    mean: Tensor
    deviation: Tensor


class CMARR(Model):
    """Encoders, a UMC and a flow per modality, classifier on the representations side by side.

    Args:
        settings: As ``SETTINGS``.
        widths: Feature dimensions per modality.
        classes: Number of classes.
    """

    needs_clean = True  # true representations of what is missing are targets in training

    def __init__(self, settings: dict, widths: dict[str, int], classes: int) -> None:
        super().__init__()
        self.settings = settings
        joint = EMBEDDING * len(widths)
        self.encoders = modality_encoders(widths)
        self.umc = nn.ModuleDict({modality: UMC(EMBEDDING) for modality in widths})
        self.log_temperature = nn.Parameter(
            torch.tensor([math.log(settings["temperature_alignment"])])
        )
        self.flows = nn.ModuleDict(
            {modality: Flow(EMBEDDING, settings["couplings"]) for modality in widths}
        )
        self.join = nn.Linear(joint, EMBEDDING) if settings["join"] == "linear" else None
        self.classifier = classifier([joint, EMBEDDING, EMBEDDING, classes], settings["dropout"])
        # The family's initial values for what is the family's. In the UMC they would spread log
        # sigma so far that the deviations alone make up the distance.
        initialise(self.encoders)
        initialise(self.classifier)

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        return self.encoders[modality](frames, lengths)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        """Logits [B, classes] where all modalities are available."""
        return self._classify({m: self.umc[m](e).mean for m, e in embeddings.items()})

    def predict(self, embeddings: dict[str, Tensor], is_clean: Tensor) -> Tensor:
        """Logits [B, classes]; nothing of an embedding that is not available reaches them."""
        points = {m: self.umc[m](e).mean for m, e in embeddings.items()}
        available = _available(is_clean)
        return self._classify(_complete(points, self.rebuild(points, available), available))

    def rebuild(self, points: dict[str, Tensor], available: Tensor) -> dict[str, Tensor]:
        """Every modality from the available ones: f_m^-1(mean over k of f_k(x_k)).

        Args:
            points: Representations x [B, D] per modality.
            available: bool [B, modalities], some in every row.
        """
        latents = torch.stack([self.flows[m](x)[0] for m, x in points.items()], dim=1)
        latents = torch.where(available[..., None], latents, 0.0)
        if self.join is None:
            latent = latents.sum(dim=1) / available.sum(dim=1, keepdim=True)
        else:
            latent = self.join(latents.flatten(1))
        return {modality: self.flows[modality].inverse(latent) for modality in points}

    def reconstruct(self, embeddings: dict[str, Tensor], missing: str) -> tuple[Tensor, Tensor]:
        points = {m: self.umc[m](e).mean for m, e in embeddings.items()}
        available = torch.tensor([[modality != missing for modality in points]])
        available = available.to(points[missing].device).expand(len(points[missing]), -1)
        return points[missing], self.rebuild(points, available)[missing]

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """L = CE + alpha L_align + beta (L_flow + L_reconstruction) + lambda L_refine.

        The flows' likelihood is that of detached representations: shrinking these would raise it.
        """
        settings = self.settings
        available = _available(batch.is_clean)
        frames = {
            modality: torch.where(
                available[:, place, None, None], batch.received[modality], batch.clean[modality]
            )
            for place, modality in enumerate(batch.received)
        }
        embeddings = self.encode_all(frames, batch.lengths)
        gaussians = {m: self.umc[m](e) for m, e in embeddings.items()}
        points = {m: gaussian.mean for m, gaussian in gaussians.items()}
        rebuilt = self.rebuild(points, available)
        completed = _complete(points, rebuilt, available)
        unlikely = [self.flows[m].negative_log_likelihood(x.detach()) for m, x in points.items()]
        return {
            "cross_entropy": functional.cross_entropy(self._classify(completed), batch.label),
            "alignment": settings["alpha"]
            * alignment_loss(list(gaussians.values()), self.log_temperature.exp()),
            "flow": settings["beta"] * torch.stack(unlikely).mean(),
            "reconstruction": settings["beta"] * _reconstruction_loss(points, rebuilt, available),
            "refinement": settings["lambda"]
            * refinement_loss(
                torch.stack(list(completed.values()), dim=1),
                batch.label,
                settings["temperature_refinement"],
            ),
        }

    def _classify(self, points: dict[str, Tensor]) -> Tensor:
        return self.classifier(torch.cat(list(points.values()), dim=1))


class UMC(nn.Module):
    """A Gaussian from an embedding (Figure 3; details after MAP, Ji et al. 2023).

    x' = LN(g(W x)); mu = x + W_mu x'; log sigma = W_sigma x'; and to each an MLP of its LayerNorm
    is added, D -> 4 D -> D with g = GELU inside.

    Args:
        width: Dimensions of an embedding.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.mean, self.log_deviation = nn.Linear(width, width), nn.Linear(width, width)
        self.mlp_mean, self.mlp_log_deviation = _feed_forward(width), _feed_forward(width)

    def forward(self, embedding: Tensor) -> Gaussian:
        """The Gaussians of embeddings [B, D]."""
        shared = self.shared(embedding)
        mean = embedding + self.mean(shared)
        mean = mean + self.mlp_mean(mean)
        log_deviation = self.log_deviation(shared)
        log_deviation = log_deviation + self.mlp_log_deviation(log_deviation)
        return Gaussian(mean, log_deviation.exp())


def _feed_forward(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
    )


def _available(is_clean: Tensor) -> Tensor:
    """What a sample is rebuilt from, bool [B, modalities]: what is clean, or all if nothing is."""
    return is_clean | ~is_clean.any(dim=1, keepdim=True)


def _complete(
    points: dict[str, Tensor], rebuilt: dict[str, Tensor], available: Tensor
) -> dict[str, Tensor]:
    """Representations where they are available, elsewhere the rebuilt ones."""
    return {
        modality: torch.where(available[:, place, None], points[modality], rebuilt[modality])
        for place, modality in enumerate(points)
    }


def squared_wasserstein(one: Gaussian, other: Gaussian) -> Tensor:
    """W2^2 = |mu_1 - mu_2|^2 + |sigma_1 - sigma_2|^2, of each with each: [B, B].

    The closed form for diagonal Gaussians.
    """
    a, b = torch.cat(one, dim=1), torch.cat(other, dim=1)
    return (a**2).sum(dim=1)[:, None] - 2 * a @ b.T + (b**2).sum(dim=1)


def alignment_loss(gaussians: list[Gaussian], temperature: Tensor) -> Tensor:
    """Distribution-based contrast: two modalities of an utterance find each other in the batch.

    Symmetric cross-entropy of the similarities -W2^2 / (D tau), mean over the pairs of modalities;
    no labels.
    """
    losses = []
    for one, other in combinations(gaussians, 2):
        scale = one.mean.shape[1] * temperature
        similarity = -squared_wasserstein(one, other) / scale
        for direction in (similarity, similarity.T):
            losses.append(-direction.log_softmax(dim=1).diagonal().mean())
    return torch.stack(losses).mean()


def _reconstruction_loss(
    points: dict[str, Tensor], rebuilt: dict[str, Tensor], available: Tensor
) -> Tensor:
    """MSE of what was rebuilt because it is missing, to its true representation, detached."""
    errors = torch.stack(
        [((rebuilt[m] - x.detach()) ** 2).mean(dim=1) for m, x in points.items()], dim=1
    )
    return torch.where(available, 0.0, errors).sum() / (~available).sum().clamp(min=1)


def refinement_loss(points: Tensor, label: Tensor, temperature: float) -> Tensor:
    """Point-based contrast, SupCon (Khosla et al. 2020, L_out), the modalities as views.

    Every point's positives are all others of its emotion, those of its own utterance among them.

    Args:
        points: Representations [B, modalities, D].
        label: Emotions [B].
        temperature: tau.
    """
    views = functional.normalize(points.flatten(0, 1), dim=1)
    emotion = label[:, None].expand(points.shape[:2]).flatten()
    itself = torch.eye(len(views), dtype=torch.bool, device=views.device)
    positive = (emotion[:, None] == emotion) & ~itself
    similarity = (views @ views.T / temperature).masked_fill(itself, -torch.inf)
    log_share = torch.where(positive, similarity.log_softmax(dim=1), 0.0)
    return -(log_share.sum(dim=1) / positive.sum(dim=1)).mean()
