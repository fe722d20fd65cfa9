"""Settings of MEN and of the models with its network."""

from typing import Annotated, ClassVar

from pydantic import Field

from robust_mer.models.optimisation import DropoutRate, Optimisation


class MENSettings(Optimisation):
    """MEN, optimised as in the MMIN family's released code."""

    implementation: ClassVar[str] = "robust_mer.models.men.men:MEN"
    trained_on_clean: ClassVar[bool] = True

    clip_norm: Annotated[float, Field(ge=1e-9, le=1e9)] = 0.5
    """Gradient norm at which each sub-network is clipped."""
    dropout: DropoutRate = 0.3
    """Of the classifier."""


class MENAugmentedSettings(MENSettings):
    """As MEN; trained on the corruption."""

    implementation: ClassVar[str] = "robust_mer.models.men.men_augmented:MENAugmented"
    trained_on_clean: ClassVar[bool] = False


class MENOracleDropSettings(MENSettings):
    """As MEN; mask-aware and trained on the corruption."""

    implementation: ClassVar[str] = "robust_mer.models.men.men_oracle_drop:MENOracleDrop"
    trained_on_clean: ClassVar[bool] = False
    is_mask_aware: ClassVar[bool] = True
    leaves_out_noisy: ClassVar[bool] = True


class UnimodalSettings(MENSettings):
    """As MEN; one modality, trained on the corruption."""

    implementation: ClassVar[str] = "robust_mer.models.men.unimodal:Unimodal"
    trained_on_clean: ClassVar[bool] = False
    modalities: ClassVar[int | None] = 1
