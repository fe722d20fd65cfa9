"""Settings of MoMKE and of its experts."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from robust_mer.models.optimisation import DropoutRate, Optimisation
from robust_mer.models.settings import Count


class MoMKEExpertsSettings(Optimisation):
    """The experts on their own: MoMKE's first stage. Sizes and rates are its script's for IEMOCAP.

    That script has 100 epochs of about 8 batches, each of 16 dialogues, for each stage. On IEMOCAP,
    25 epochs of 128 utterances are as many steps.
    """

    implementation: ClassVar[str] = "robust_mer.models.momke.experts:MoMKEExperts"
    trained_on_clean: ClassVar[bool] = True

    learning_rate: Annotated[float, Field(ge=1e-9, le=10)] = 1e-4
    """Of the first epochs."""
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 1e-5
    """Of all weights."""
    epochs_constant: Annotated[int, Field(ge=0, le=1_000_000)] = 25
    """Epochs with the full learning rate."""
    epochs_falling: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Epochs after these, in which the learning rate falls linearly towards zero."""
    width: Count = 256
    """Of a token."""
    heads: Count = 2
    """Of the attention; they divide ``width``."""
    depth: Count = 4
    """Layers of an expert."""
    segments: Count = 8
    """Tokens of an utterance: averages over equal parts of it."""
    dropout: DropoutRate = 0.5
    """Of tokens, MLPs, routers and the joint layer."""

    @model_validator(mode="after")
    def _check_heads(self) -> Self:
        if self.width % self.heads:
            raise ValueError(
                f"heads must divide width, but {self.heads} does not divide {self.width}"
            )
        return self


class MoMKESettings(MoMKEExpertsSettings):
    """MoMKE's second stage; ``width``, ``heads`` and ``depth`` are those of its experts."""

    implementation: ClassVar[str] = "robust_mer.models.momke.momke:MoMKE"
    trained_on_clean: ClassVar[bool] = False
    teacher: ClassVar[str | None] = "momke_experts"
    same_as_teacher: ClassVar[tuple[str, ...]] = ("width", "heads", "depth")
    is_mask_aware: ClassVar[bool] = True
    leaves_out_noisy: ClassVar[bool] = True
