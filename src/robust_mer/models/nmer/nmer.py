"""NMER: joint representations that withstand noise, rebuilt by a VAE (NMER, section 2.3).

The VAE's encoder receives the specific features (LSTM, TextCNN) and the invariant features of the
received, partly noisy utterance. Its decoder receives the latent and the invariant features and
rebuilds the joint representation, whose target is the teacher's embedding of the clean utterance.
The classifier sees the joint representation alone.

The paper's encoder is a Transformer over the features of one utterance as a single vector. Over
one token, attention has nothing to attend to, and each layer amounts to residual linear maps.
``tokens: features`` (ours) makes each 128-d feature a token: specific and invariant feature of each
modality. The Transformer is then 128 wide, and its outputs go side by side into mean and variance.
There are no positions, since the order counts in these two layers.

``variant: released`` follows the released code where it differs from the paper: Adam with beta1
0.5 and no weight decay, 40 + 40 epochs, dropout 0.1, 8 heads, feed-forward 128, all weights 1, KL
summed over batch and latent, and the MMIN family's classifier. It leaves out:
- attention across the samples of a batch, and a z that is drawn in the test too. With them a
  prediction depends on the other utterances of its batch and on its place among them;
- loaders that drop rows;
- BatchNorm in the classifier, because replicas that train as one keep nothing but parameters;
- separate encoders for the invariant features. They need a teacher that has them too and trains
  them beside a diffusion net;
- the released decoder, whose code is missing: the paper's stays.
"""

from collections.abc import Mapping
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from robust_mer.modality import FeatureShape
from robust_mer.models import words
from robust_mer.models.blocks import TransformerLayer, classifier, initialise
from robust_mer.models.chance import StandardNormal, drawing
from robust_mer.models.invariance import InvarianceModel
from robust_mer.models.model import Batch
from robust_mer.models.nmer.settings import NMERSettings
from robust_mer.models.settings import EMBEDDING, ModelSettings
from robust_mer.tasks.task import Task

_ACTIVE_VARIANCE = 0.01  # of a unit's mean over utterances; below it says nothing about them
_HEALTH_UTTERANCES = 64  # a pass through the Transformer for each of them is time lost
# In the replicas behind docs/models.md a z that was to recover made 2 % or more of the joint
# representation in every epoch, one that dropout had drowned less than 0.1 % after five.
_MIN_SHARE = 0.01
_MAX_NOISE = 0.95  # share of dropout in what z's mean varies by


class NMER(InvarianceModel):
    """The paper's noise-robust model."""

    settings_class: ClassVar[type[ModelSettings]] = NMERSettings
    settings: NMERSettings

    def __init__(self, settings: NMERSettings, inputs: dict[str, FeatureShape], task: Task) -> None:
        super().__init__(settings, inputs, task, settings.dropout_encoder)
        latent, joint = settings.latent, EMBEDDING * len(inputs)
        self.token = settings.token_width(len(inputs))
        self.vae_encoder = nn.Sequential(
            *(
                TransformerLayer(
                    self.token,
                    settings.heads,
                    settings.feed_forward,
                    settings.dropout_transformer,
                )
                for _ in range(settings.layers)
            )
        )
        self.mean = nn.Linear(2 * joint, latent)
        self.log_variance = nn.Linear(2 * joint, latent)
        self.noise = StandardNormal()
        self.decoder = nn.Sequential(
            nn.Linear(latent + joint, 128),
            nn.ReLU(),
            nn.Linear(128, 256),
            nn.ReLU(),
            nn.Linear(256, joint),
        )
        first = EMBEDDING if settings.variant == "released" else joint
        self.classifier = classifier([joint, first, EMBEDDING, task.outputs], settings.dropout)
        initialise(self)
        if settings.variant == "paper":
            # Kaiming weights make a layer's branches larger than what it passes on, and with them
            # their dropout: five layers then hide the input, even at a rate of 0.1.
            for layer in self.vae_encoder:
                cast(TransformerLayer, layer).reset_parameters()
        # Kaiming weights would start z far from the prior N(0, I); zeros start it there.
        nn.init.zeros_(self.log_variance.weight)

    def posterior(self, embeddings: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and log-variance of z [B, latent]; invariant feature [B, 128 x modalities]."""
        specific, invariant = self.features(embeddings)
        encoded = self._encode_jointly(specific, invariant)
        return self.mean(encoded), self.log_variance(encoded), invariant

    def _encode_jointly(self, specific: Tensor, invariant: Tensor) -> Tensor:
        """Output of the Transformer [B, 256 x modalities]."""
        tokens = torch.cat([specific, invariant], dim=1).unflatten(1, (-1, self.token))
        return self.vae_encoder(tokens).flatten(1)

    def decode(self, z: Tensor, invariant: Tensor) -> Tensor:
        """Joint representation [B, 128 x modalities] from z [B, latent]."""
        return self.decoder(torch.cat([z, invariant], dim=1))

    def forward(self, embeddings: dict[str, Tensor]) -> Tensor:
        """Outputs [B, task.outputs]; z is its mean, so a prediction can be repeated."""
        mean, _, invariant = self.posterior(embeddings)
        return self.classifier(self.decode(mean, invariant))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """L = w_g (w_kl KL + MSE of the joint representation) + w_i MSE of the invariant + w_c CE.

        Section 2.4, equations 6 and 7; targets are the teacher's features of the clean utterance.
        """
        settings = self.settings
        embeddings = self.encode_all(batch.received, batch.lengths)
        mean, log_variance, invariant = self.posterior(embeddings)
        z = mean
        if settings.kl != "none":
            z = mean + torch.exp(0.5 * log_variance) * self.noise(mean)
        joint = self.decode(z, invariant)
        generation = self.generation(mean, log_variance, joint, batch.targets["specific"])
        closeness = functional.mse_loss(invariant, batch.targets["invariant"])
        return {
            **{name: settings.weight_generation * part for name, part in generation.items()},
            "invariant": settings.weight_invariant * closeness,
            self.task.loss_name: settings.weight_classification
            * self.task.loss(self.classifier(joint), batch.target),
        }

    def generation(
        self, mean: Tensor, log_variance: Tensor, joint: Tensor, target: Tensor
    ) -> dict[str, Tensor]:
        """The parts of the generation loss.

        Args:
            mean: Of the posterior of z, [B, latent].
            log_variance: Likewise.
            joint: The rebuilt joint representation [B, 128 x modalities].
            target: The teacher's.
        """
        divergence = divergence_from_prior(mean, log_variance)
        parts = {}
        if self.settings.kl == "mean":
            parts["kl"] = self.settings.weight_kl * divergence.mean()
        elif self.settings.kl == "sum_latent":
            parts["kl"] = self.settings.weight_kl * divergence.sum(dim=1).mean()
        elif self.settings.kl == "sum":
            parts["kl"] = self.settings.weight_kl * divergence.sum()
        parts["reconstruction"] = functional.mse_loss(joint, target)
        return parts

    def health(self, embeddings: dict[str, Tensor]) -> dict[str, Tensor]:
        """What z carries, from 64 utterances at most.

        ``latent_signal``: share of what the posterior's mean varies by in training mode that is
        due to the utterances and not to dropout; ``latent_share``: share of the variance of the
        joint representation that comes from z; ``active_latent_units``: units of z whose mean
        varies between utterances; ``latent_kl``: KL divergence in nats, summed over the units.
        """
        every = -(-len(next(iter(embeddings.values()))) // _HEALTH_UTTERANCES)
        specific, invariant = self.features({m: e[::every] for m, e in embeddings.items()})
        encoded = self._encode_jointly(specific, invariant)
        mean, log_variance = self.mean(encoded), self.log_variance(encoded)
        joint = self.decode(mean, invariant)
        without = self.decode(mean.mean(dim=0).expand_as(mean), invariant)
        return {
            "latent_signal": self._signal(specific, invariant),
            "latent_share": _ratio(_variance(joint - without), _variance(joint)),
            "active_latent_units": (mean.var(dim=0, correction=0) > _ACTIVE_VARIANCE).sum(),
            "latent_kl": divergence_from_prior(mean, log_variance).sum(dim=1).mean(),
        }

    def _signal(self, specific: Tensor, invariant: Tensor) -> Tensor:
        """Share of the variance of z's mean in training mode that two draws of dropout agree on."""
        means = []
        for draw in (1, 2):
            with drawing(self.vae_encoder, draw):
                means.append(self.mean(self._encode_jointly(specific, invariant)))
        one, other = (mean - mean.mean(dim=0) for mean in means)
        signal = (one * other).mean(dim=0).sum().clamp(min=0)
        noise = (means[0] - means[1]).square().mean(dim=0).sum() / 2
        return _ratio(signal, signal + noise)

    def diagnose(self, health: Mapping[str, float]) -> str | None:
        share = health["latent_share"]
        if share >= _MIN_SHARE:
            return None
        units, noise = int(health["active_latent_units"]), 1 - health["latent_signal"]
        if noise > _MAX_NOISE:
            reason = words.DROPOUT.format(noise=noise)
        elif self.settings.kl == "none" or self.settings.weight_kl == 0:
            reason = words.NO_KL
        else:
            reason = words.KL
        return words.LATENT_UNUSED.format(units=units, share=share, reason=reason)


def divergence_from_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats, [B, latent]."""
    return -0.5 * (1 + log_variance - mean**2 - log_variance.exp())


def _variance(values: Tensor) -> Tensor:
    """Variance over the rows, summed over the dimensions."""
    return values.var(dim=0, correction=0).sum()


def _ratio(part: Tensor, whole: Tensor) -> Tensor:
    """A share; zero of nothing."""
    return part / whole.clamp(min=torch.finfo(whole.dtype).tiny)
