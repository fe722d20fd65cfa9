"""CM-ARR: cross-modal alignment, reconstruction and refinement (Sun et al. 2024).

A forward pass has three phases. *Alignment*: each modality's embedding becomes a Gaussian (UMC,
Figure 3), and an unsupervised contrastive loss on the 2-Wasserstein distance draws the Gaussians of
one utterance together. *Reconstruction*: a normalizing flow per modality turns the means into
latents. A missing modality is the inverse of its own flow on the mean of the available latents.
*Refinement*: a supervised contrastive loss on the means, real or rebuilt. They then go side by side
into the classifier.

Only a summary of the paper is available, without sizes, weights or tables. It gives the phases and
their parts, the Gaussians, the distance, one flow per modality, and the three weights. Ours are
all numbers, the encoders and the classifier (those of the MMIN family), the kind of flow, and:

- Every sample has its own condition, and the summary does not say what each loss sees of it. The
  paper's corpora are complete, modalities are withheld from the model, and Figure 5 shows rebuilt
  representations beside the true ones. So in training, alignment and flows see the true
  representation of every modality of every sample: "aligns modality distributions" needs both of a
  pair, and "transform these aligned distributions" means the same ones. The true representation of
  a missing modality is only a target. Classification and refinement receive the rebuilt one, as in
  the test.
- Refinement contrasts classes. Of a number, targets in the same seventh of its range count as one
  class; of several labels, the same combination.
- A Gaussian's mean represents it in flows, refinement and classifier; nothing is drawn.
- The model is mask-aware and treats noisy modalities as missing. If none is available, nothing can
  be rebuilt, and it uses the modalities as received: noisy features under noise, zeros under
  ``missing``, in training (on ``none``) and in the test.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn

from robust_mer.modality import FeatureShape
from robust_mer.models.availability import available_modalities
from robust_mer.models.blocks import classifier, initialise, modality_encoders
from robust_mer.models.cm_arr.flow import Flow
from robust_mer.models.cm_arr.losses import alignment_loss, reconstruction_loss, refinement_loss
from robust_mer.models.cm_arr.settings import CMARRSettings
from robust_mer.models.cm_arr.umc import UMC
from robust_mer.models.model import Batch, Model
from robust_mer.models.settings import EMBEDDING
from robust_mer.tasks.task import Task


class CMARR(Model):
    """Encoders, a UMC and a flow per modality, classifier on the representations side by side."""

    settings_class = CMARRSettings
    settings: CMARRSettings

    needs_clean = True  # in training, true representations of missing modalities are targets

    def __init__(
        self, settings: CMARRSettings, inputs: dict[str, FeatureShape], task: Task
    ) -> None:
        super().__init__(settings, inputs, task)
        joint = EMBEDDING * len(inputs)
        self.encoders = modality_encoders(inputs)
        self.umc = nn.ModuleDict({modality: UMC(EMBEDDING) for modality in inputs})
        self.log_temperature = nn.Parameter(
            torch.tensor([math.log(settings.temperature_alignment)])
        )
        self.flows = nn.ModuleDict(
            {modality: Flow(EMBEDDING, settings.couplings) for modality in inputs}
        )
        self.join = nn.Linear(joint, EMBEDDING) if settings.join == "linear" else None
        self.classifier = classifier([joint, EMBEDDING, EMBEDDING, task.outputs], settings.dropout)
        # The MMIN family's initial weights for its own blocks. In the UMC they would spread log
        # sigma so far that the deviations alone decide the distance.
        initialise(self.encoders)
        initialise(self.classifier)

    def encode(self, modality: str, frames: Tensor, lengths: Tensor) -> Tensor:
        return self.encoders[modality](frames, lengths)

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        """Outputs [B, task.outputs] where all modalities are available."""
        return self._classify({m: self.umc[m](e).mean for m, e in embeddings.items()})

    def predict(self, embeddings: dict[str, Tensor], is_clean: Tensor) -> Tensor:
        """Outputs [B, task.outputs]; nothing of an embedding that is not available reaches them."""
        points = {m: self.umc[m](e).mean for m, e in embeddings.items()}
        available = available_modalities(is_clean)
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
        return {modality: self._flow(modality).inverse(latent) for modality in points}

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
        available = available_modalities(batch.is_clean)
        frames = {
            modality: torch.where(
                available[:, place, None, None], batch.received[modality], batch.clean[modality]
            )
            for place, modality in enumerate(batch.received)
        }
        lengths = {
            modality: torch.where(
                available[:, place], batch.lengths[modality], batch.clean_lengths[modality]
            )
            for place, modality in enumerate(batch.received)
        }
        embeddings = self.encode_all(frames, lengths)
        gaussians = {m: self.umc[m](e) for m, e in embeddings.items()}
        points = {m: gaussian.mean for m, gaussian in gaussians.items()}
        rebuilt = self.rebuild(points, available)
        completed = _complete(points, rebuilt, available)
        unlikely = [self._flow(m).negative_log_likelihood(x.detach()) for m, x in points.items()]
        return {
            self.task.loss_name: self.task.loss(self._classify(completed), batch.target),
            "alignment": settings.alpha
            * alignment_loss(list(gaussians.values()), self.log_temperature.exp()),
            "flow": settings.beta * torch.stack(unlikely).mean(),
            "reconstruction": settings.beta * reconstruction_loss(points, rebuilt, available),
            "refinement": settings.lambda_
            * refinement_loss(
                torch.stack(list(completed.values()), dim=1),
                self.task.groups(batch.target),
                settings.temperature_refinement,
            ),
        }

    def _flow(self, modality: str) -> Flow:
        return cast(Flow, self.flows[modality])

    def _classify(self, points: dict[str, Tensor]) -> Tensor:
        return self.classifier(torch.cat(list(points.values()), dim=1))


def _complete(
    points: dict[str, Tensor], rebuilt: dict[str, Tensor], available: Tensor
) -> dict[str, Tensor]:
    """Representations where they are available, elsewhere the rebuilt ones."""
    return {
        modality: torch.where(available[:, place, None], points[modality], rebuilt[modality])
        for place, modality in enumerate(points)
    }
