"""Settings of all models that learn in epochs."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from robust_mer.models.settings import ModelSettings

DropoutRate = Annotated[float, Field(ge=0, le=0.999)]
"""Share of values that dropout sets to zero."""


class Optimisation(ModelSettings):
    """How a model is optimised. The settings of each model build on it."""

    optimiser: Literal["adam", "adamw"] = "adam"
    """Adam, or AdamW, whose weight decay is decoupled from the gradient."""
    learning_rate: Annotated[float, Field(ge=1e-9, le=10)] = 2e-4
    """Of the first epochs."""
    beta1: Annotated[float, Field(ge=0, le=0.9999)] = 0.9
    """Decay of the optimiser's first moment."""
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Of all weights."""
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 128
    """Utterances."""
    epochs_constant: Annotated[int, Field(ge=0, le=1_000_000)] = 10
    """Epochs with the full learning rate."""
    epochs_falling: Annotated[int, Field(ge=0, le=1_000_000)] = 10
    """Epochs after these, in which the learning rate falls linearly towards zero."""
    keep: Literal["best", "last"] = "best"
    """The epoch whose weights are kept: the first of the best on the validation part, or the last.
    The last is not chosen, so its score on the validation part is not too high."""
    clip_norm: Annotated[float, Field(ge=1e-9, le=1e9)] = 1.0
    """Gradient norm at which each sub-network is clipped."""
    dropout: DropoutRate = 0.5
    """Of the classifier."""

    @model_validator(mode="after")
    def _check_epochs(self) -> Self:
        if self.epochs_constant + self.epochs_falling < 1:
            raise ValueError(
                "epochs_constant and epochs_falling are both 0, expected at least one epoch"
            )
        return self
