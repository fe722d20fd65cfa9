"""Settings of CM-ARR."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from robust_mer.models.optimisation import Optimisation
from robust_mer.models.settings import Weight

Temperature = Annotated[float, Field(ge=1e-6, le=1e6)]


class CMARRSettings(Optimisation):
    """CM-ARR. From the paper are the symbols of the three weights; the values are ours."""

    model_config = ConfigDict(serialize_by_alias=True)

    implementation: ClassVar[str] = "robust_mer.models.cm_arr.cm_arr:CMARR"
    fewest_modalities: ClassVar[int] = 2
    is_mask_aware: ClassVar[bool] = True
    leaves_out_noisy: ClassVar[bool] = True
    reconstructs: ClassVar[bool] = True

    learning_rate: Annotated[float, Field(ge=1e-9, le=10)] = 2e-4
    """Of the first epochs; 5e-4 for MSP-IMPROV."""
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 64
    """Utterances."""
    epochs_constant: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    """Epochs with the full learning rate."""
    epochs_falling: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    """Epochs after these, in which the learning rate falls linearly towards zero."""
    alpha: Weight = 0.1
    """Weight of the alignment."""
    beta: Weight = 0.1
    """Weight of the reconstruction."""
    lambda_: Annotated[Weight, Field(alias="lambda")] = 0.1
    """Weight of the refinement; ``lambda`` in the config."""
    temperature_alignment: Temperature = 0.07
    """tau of the alignment at its start; it is learnt."""
    temperature_refinement: Temperature = 0.07
    """tau of the refinement; it is not learnt."""
    couplings: Annotated[int, Field(ge=2, le=1000)] = 8
    """Affine couplings of a flow."""
    join: Literal["mean", "linear"] = "mean"
    """How the available latents become one: by their mean, or by a layer over them side by side."""
