"""Settings of MCTN."""

from typing import Annotated, ClassVar

from pydantic import Field

from robust_mer.models.optimisation import Optimisation
from robust_mer.models.settings import Count, Weight


class MCTNSettings(Optimisation):
    """MCTN; the weight of the task's own loss is 1.

    Nobody published how the classification version was optimised. Here: Adam as in the original;
    rate, epochs, batches, clipping and dropout as in MMIN.
    """

    implementation: ClassVar[str] = "robust_mer.models.mctn.mctn:MCTN"
    fewest_modalities: ClassVar[int] = 2

    epochs_constant: Annotated[int, Field(ge=0, le=1_000_000)] = 30
    """Epochs with the full learning rate."""
    epochs_falling: Annotated[int, Field(ge=0, le=1_000_000)] = 30
    """Epochs after these, in which the learning rate falls linearly towards zero."""
    hidden: Count = 32
    """Units of every LSTM."""
    segments: Count = 20
    """Elements of a code and of a target."""
    weight_translation: Weight = 0.1
    """Of the error into the target, added over the chains."""
    weight_cycle: Weight = 0.1
    """Of the error back to the source."""
    weight_third: Weight = 0.1
    """Of the error into the third modality."""


class MCTNOracleSettings(MCTNSettings):
    """As MCTN; mask-aware."""

    implementation: ClassVar[str] = "robust_mer.models.mctn.mctn_oracle:MCTNOracle"
    is_mask_aware: ClassVar[bool] = True
    leaves_out_noisy: ClassVar[bool] = True
