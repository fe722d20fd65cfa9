"""What planning must know of a model without importing torch."""

from typing import Annotated, ClassVar

from pydantic import Field

from robust_mer.settings import Settings

EMBEDDING = 128
"""Size of a modality's embedding in the MMIN family, which NMER keeps (NMER, section 3.3)."""

Count = Annotated[int, Field(ge=1, le=10_000)]
"""Layers, heads, units and the like."""

Weight = Annotated[float, Field(ge=0, le=1e6)]
"""Weight of a part of the loss."""


class ModelSettings(Settings):
    """Settings of a model. Class attributes are the facts that decide how it is trained."""

    implementation: ClassVar[str]
    """``module:Class`` of the model. The config itself names the class of your own model."""
    trained_on_clean: ClassVar[bool] = False
    """Whether it meets corruptions only in the test."""
    teacher: ClassVar[str | None] = None
    """Class of the model that must be trained first, on clean data, as the config names it."""
    same_as_teacher: ClassVar[tuple[str, ...]] = ()
    """Settings that must be those of the teacher, because its weights are taken over."""
    modalities: ClassVar[int | None] = None
    """How many modalities it takes; None: any number."""
    is_mask_aware: ClassVar[bool] = False
    """Whether it knows which modalities are corrupted; it is never ranked with blind models."""
    leaves_out_noisy: ClassVar[bool] = False
    """Whether it predicts from the clean modalities alone where there is one, so that the noise of
    the others makes no difference."""
    fewest_modalities: ClassVar[int] = 1
    """How many it needs."""
    encodings: ClassVar[tuple[str, ...]] = ("class", "number", "label")
    """Which targets it can predict, as `robust_mer.tasks.task.Task.encoding` names them."""
    reconstructs: ClassVar[bool] = False
    """Whether it rebuilds a missing modality's own representation."""
    weighs_modalities: ClassVar[bool] = False
    """Whether it says of each utterance how it weighs the modalities: ``weight_{modality}`` of
    `robust_mer.models.model.Model.describe`."""

    def problem(self, modalities: int) -> str:
        """What is wrong with the settings if there are so many modalities; "" if nothing is."""
        del modalities
        return ""
