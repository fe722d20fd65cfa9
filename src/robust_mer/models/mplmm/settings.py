"""Settings of MPLMM and of the network that its prompts are learnt on."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from robust_mer.models.optimisation import DropoutRate, Optimisation
from robust_mer.models.settings import Count


class MPLMMBackboneSettings(Optimisation):
    """The network without prompts. Values are those of the released code, unless they are ours."""

    implementation: ClassVar[str] = "robust_mer.models.mplmm.backbone:MPLMMBackbone"
    fewest_modalities: ClassVar[int] = 2
    trained_on_clean: ClassVar[bool] = True

    learning_rate: Annotated[float, Field(ge=1e-9, le=10)] = 1e-3
    """Of the first epochs."""
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 64
    """Utterances."""
    epochs_constant: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    """Epochs with the full learning rate."""
    epochs_falling: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    """Epochs after these, in which the learning rate falls linearly towards zero; ours, where the
    code divides it by 10 when the validation loss stops falling."""
    clip_norm: Annotated[float, Field(ge=1e-9, le=1e9)] = 0.8
    """Gradient norm at which each sub-network is clipped."""
    width: Count = 30
    """Of a token; even."""
    heads: Count = 5
    """Of the attention; they divide ``width``."""
    layers: Count = 5
    """Of every Transformer."""
    segments: Count = 20
    """Tokens of a modality: averages over equal parts of an utterance (ours)."""
    dropout: DropoutRate = 0.1
    """Of the classifier."""
    dropout_embedding: DropoutRate = 0.25
    """Of what enters a Transformer, and of the features of texts."""
    dropout_transformer: DropoutRate = 0.1
    """Of attention weights, and after the attention and each feed-forward layer."""

    @model_validator(mode="after")
    def _check_width(self) -> Self:
        if self.width % 2 or self.width % self.heads:
            raise ValueError(
                f"width must be even and a multiple of heads, {self.heads}, but it is {self.width}"
            )
        return self


class MPLMMSettings(MPLMMBackboneSettings):
    """MPLMM; ``width``, ``heads``, ``layers`` and ``segments`` are those of its backbone."""

    implementation: ClassVar[str] = "robust_mer.models.mplmm.mplmm:MPLMM"
    trained_on_clean: ClassVar[bool] = False
    teacher: ClassVar[str | None] = "mplmm_backbone"
    same_as_teacher: ClassVar[tuple[str, ...]] = ("width", "heads", "layers", "segments")
    is_mask_aware: ClassVar[bool] = True
    leaves_out_noisy: ClassVar[bool] = True

    prompt_length: Count = 16
    """Tokens of a generative prompt, and of a missing-type prompt."""

    @model_validator(mode="after")
    def _check_decay(self) -> Self:
        if self.weight_decay:
            raise ValueError("weight_decay must be 0: it would shrink the frozen weights")
        return self
