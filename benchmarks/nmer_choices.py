"""Choices of NMER that the package does not offer: `nmer_latent.py` compares them.

Each is a model that ``resources/experiments/nmer_latent.yaml`` names as ``module:Class``.
"""

import math
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from robust_mer.modality import FeatureShape
from robust_mer.models.blocks import initialise
from robust_mer.models.nmer.nmer import NMER, divergence_from_prior
from robust_mer.models.nmer.settings import NMERSettings
from robust_mer.tasks.task import Task


class FreeBitsSettings(NMERSettings):
    """NMER with free bits."""

    free_nats: Annotated[float, Field(ge=0, le=100)] = 0.25
    """KL divergence of a unit, mean over the batch, that costs nothing."""


class FreeBits(NMER):
    """Only what a unit's KL divergence exceeds ``free_nats`` by is a loss (Kingma et al. 2016)."""

    settings_class: ClassVar = FreeBitsSettings
    settings: FreeBitsSettings

    def generation(
        self, mean: Tensor, log_variance: Tensor, joint: Tensor, target: Tensor
    ) -> dict[str, Tensor]:
        of_unit = divergence_from_prior(mean, log_variance).mean(dim=0)
        excess = of_unit.clamp(min=self.settings.free_nats)
        reconstruction = functional.mse_loss(joint, target)
        return {"kl": self.settings.weight_kl * excess.mean(), "reconstruction": reconstruction}


class AnnealedSettings(NMERSettings):
    """NMER whose KL divergence comes in slowly."""

    steps: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    """Over which its weight rises from 0 to ``weight_kl``."""


class Annealed(NMER):
    """The weight of the KL divergence rises linearly. It counts calls: one replica, not resumed."""

    settings_class: ClassVar = AnnealedSettings
    settings: AnnealedSettings
    _calls = 0

    def generation(
        self, mean: Tensor, log_variance: Tensor, joint: Tensor, target: Tensor
    ) -> dict[str, Tensor]:
        parts = super().generation(mean, log_variance, joint, target)
        parts["kl"] = min(1.0, self._calls / self.settings.steps) * parts["kl"]
        self._calls += 1
        return parts


class LearntVariance(NMER):
    """The evidence bound of a decoder with one learnt variance.

    Per target dimension: MSE / (2 v) + log(v) / 2 + KL / D; times 2 v, detached, so that the mean
    square keeps its weight of 1 against the loss' other parts.
    """

    settings_class: ClassVar = NMERSettings
    settings: NMERSettings

    def __init__(self, settings: NMERSettings, inputs: dict[str, FeatureShape], task: Task) -> None:
        super().__init__(settings, inputs, task)
        self.decoder.register_parameter("log_variance", nn.Parameter(torch.tensor([math.log(0.1)])))

    def generation(
        self, mean: Tensor, log_variance: Tensor, joint: Tensor, target: Tensor
    ) -> dict[str, Tensor]:
        variance = self.decoder.log_variance.exp()
        scale, size = 2 * variance.detach(), target.shape[1]
        kl = divergence_from_prior(mean, log_variance).sum(dim=1).mean() / size
        error = functional.mse_loss(joint, target)
        likelihood = error / (2 * variance) + variance.log() / 2
        return {"kl": (scale * kl).squeeze(), "reconstruction": (scale * likelihood).squeeze()}


class KaimingTransformer(NMER):
    """The Transformer starts from Kaiming's weights, as in the released code."""

    settings_class: ClassVar = NMERSettings
    settings: NMERSettings

    def __init__(self, settings: NMERSettings, inputs: dict[str, FeatureShape], task: Task) -> None:
        super().__init__(settings, inputs, task)
        initialise(self.vae_encoder)
