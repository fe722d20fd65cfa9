"""Settings of NMER and its ablations.

The paper gives the weights 1, 10, 1 without their symbols. It introduces generation, invariant and
classification loss in this order, and IF-MMIN gives its invariant loss the largest weight.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from robust_mer.models.optimisation import DropoutRate, Optimisation
from robust_mer.models.settings import EMBEDDING, Count, Weight

_RELEASED = {
    "optimiser": "adam",
    "beta1": 0.5,
    "weight_decay": 0.0,
    "epochs_constant": 40,
    "epochs_falling": 40,
    "dropout": 0.1,
    "heads": 8,
    "feed_forward": 128,
    "weight_invariant": 1.0,
    "kl": "sum",
}


class NMERTraining(Optimisation):
    """How NMER is optimised (paper, section 3.3)."""

    teacher: ClassVar[str | None] = "invariance_teacher"

    optimiser: Literal["adam", "adamw"] = "adamw"
    """Adam, or AdamW, whose weight decay is decoupled from the gradient."""
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.01
    """Of all weights; the paper gives neither this nor beta1."""
    epochs_constant: Annotated[int, Field(ge=0, le=1_000_000)] = 30
    """Epochs with the full learning rate. The paper has 60 epochs in all; this half is ours."""
    epochs_falling: Annotated[int, Field(ge=0, le=1_000_000)] = 30
    """Epochs after these, in which the learning rate falls linearly towards zero."""
    dropout: DropoutRate = 0.5
    """Of the classifier, from the paper."""
    dropout_encoder: DropoutRate = 0.5
    """Of the lexical encoder, as in the MMIN family's released code."""
    weight_classification: Weight = 1.0
    """Of the task's own loss."""


class VAESettings(NMERTraining):
    """NMER's VAE, whose encoder is a Transformer."""

    layers: Annotated[int, Field(ge=1, le=1000)] = 5
    """Of the Transformer, from the paper."""
    heads: Count = 16
    """Of its attention, from the paper; they divide the width of a token."""
    feed_forward: Annotated[int, Field(ge=1, le=100_000)] = 768
    """Hidden units of its feed-forward layers; ours."""
    dropout_transformer: DropoutRate = 0.1
    """Of its attention and its layers, as in the released code. The paper gives one dropout rate,
    0.5, without saying where. Inside the Transformer 0.5 drowns the input."""
    tokens: Literal["utterance", "features"] = "utterance"
    """A token of the Transformer: the utterance (all features as one vector), or each feature."""
    latent: Annotated[int, Field(ge=1, le=100_000)] = 64
    """Size of z; not given in the paper."""
    weight_generation: Weight = 1.0
    """Of KL divergence and reconstruction."""
    kl: Literal["mean", "sum_latent", "sum", "none"] = "mean"
    """KL divergence over latent and batch: mean, sum_latent (mean over the batch only) or sum.
    ``none``: there is no KL divergence, and z is its mean in training too."""
    weight_kl: Weight = 1.0
    """Of the KL divergence within the generation loss."""

    def token_width(self, modalities: int) -> int:
        """Width of a token, of so many modalities with a specific and an invariant feature each."""
        return EMBEDDING if self.tokens == "features" else 2 * EMBEDDING * modalities

    def problem(self, modalities: int) -> str:
        if (width := self.token_width(modalities)) % self.heads:
            return f"heads is {self.heads}, which does not divide {width}"
        return ""


class NMERSettings(VAESettings):
    """NMER."""

    implementation: ClassVar[str] = "robust_mer.models.nmer.nmer:NMER"

    weight_invariant: Weight = 10.0
    """Of the distance of the invariant feature from the teacher's."""
    variant: Literal["paper", "released"] = "paper"
    """``released`` changes the defaults of other settings to those of the released code, and the
    classifier's first layer."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in_variant(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("variant") == "released":
            return {**_RELEASED, **given}
        return given


class NMERWithoutVAESettings(NMERTraining):
    """NMER without its VAE."""

    implementation: ClassVar[str] = "robust_mer.models.nmer.nmer_without_vae:NMERWithoutVAE"

    weight_invariant: Weight = 10.0
    """Of the distance of the invariant feature from the teacher's."""


class NMERWithoutInvarianceSettings(VAESettings):
    """NMER without its invariant loss."""

    implementation: ClassVar[str] = (
        "robust_mer.models.nmer.nmer_without_invariance:NMERWithoutInvariance"
    )
