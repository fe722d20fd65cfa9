"""What planning a run must know of a model, without importing torch."""

from typing import Annotated, ClassVar

from pydantic import Field

from robust_mer.settings import Settings

Count = Annotated[int, Field(ge=1, le=10_000)]
"""Layers, heads, units and the like."""

Weight = Annotated[float, Field(ge=0, le=1e6)]
"""Weight of a part of the loss."""


class ModelSettings(Settings):
    """Settings of a model, and, as class attributes, the facts that decide how it is trained."""

    implementation: ClassVar[str]
    """``module:Class`` of the model. The config names a model of your own so itself."""
    trained_on_clean: ClassVar[bool] = False
    """Whether it meets the corruptions in the test only."""
    teacher: ClassVar[str | None] = None
    """Class, as the config names it, that must be trained first, on clean data."""
    modalities: ClassVar[int | None] = None
    """How many it takes; None: any number."""
    is_mask_aware: ClassVar[bool] = False
    """Whether it knows which modalities are corrupted; such a model is never ranked with others."""
    reconstructs: ClassVar[bool] = False
    """Whether it rebuilds a missing modality's own representation."""
