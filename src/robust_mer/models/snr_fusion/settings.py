"""Settings of SNR fusion."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from robust_mer.models.optimisation import DropoutRate, Optimisation
from robust_mer.models.settings import Count, Weight


class SNRFusionSettings(Optimisation):
    """SNR fusion; the defaults were chosen on validation parts of composite."""

    implementation: ClassVar[str] = "robust_mer.models.snr_fusion.snr_fusion:SNRFusion"
    weighs_modalities: ClassVar[bool] = True

    learning_rate: Annotated[float, Field(ge=1e-9, le=10)] = 3e-4
    """Of the first epochs."""
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 32
    """Utterances."""
    epochs_constant: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    """Epochs with the full learning rate."""
    epochs_falling: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    """Epochs after these, in which the learning rate falls linearly towards zero."""
    keep: Literal["best", "last"] = "last"
    """The epoch whose weights are kept. As the last, it was not chosen by the validation part, on
    which prediction sets are calibrated."""
    clip_norm: Annotated[float, Field(ge=1e-9, le=1e9)] = 5.0
    """Gradient norm at which each sub-network is clipped."""
    units: Count = 128
    """Of an embedding."""
    dropout: DropoutRate = 0.6
    """Of the pooled features and of the embeddings."""
    weight_experts: Weight = 0.3
    """Of the losses of the modalities' own answers."""
    weight_snr: Weight = 0.1
    """Of the squared error of the estimated SNR, in units of 10 dB."""

    @model_validator(mode="after")
    def _check_decay(self) -> Self:
        if self.weight_decay:
            raise ValueError(
                "weight_decay must be 0: it would shrink the moments of the clean signal, which "
                "are among the parameters"
            )
        return self
