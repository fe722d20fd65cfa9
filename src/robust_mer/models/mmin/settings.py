"""Settings of MMIN, IF-MMIN and the teacher of IF-MMIN and NMER."""

from typing import Annotated, ClassVar

from pydantic import Field

from robust_mer.models.optimisation import Optimisation
from robust_mer.models.settings import Weight


class MMINTraining(Optimisation):
    """How MMIN's released code optimises."""

    beta1: Annotated[float, Field(ge=0, le=0.9999)] = 0.5
    """Decay of the optimiser's first moment."""
    epochs_constant: Annotated[int, Field(ge=0, le=1_000_000)] = 30
    """Epochs with the full learning rate."""
    epochs_falling: Annotated[int, Field(ge=0, le=1_000_000)] = 30
    """Epochs after these, in which the learning rate falls linearly towards zero."""


class MMINSettings(MMINTraining):
    """MMIN; the weight of the task's own loss is 1."""

    implementation: ClassVar[str] = "robust_mer.models.mmin.mmin:MMIN"
    teacher: ClassVar[str | None] = "men"

    weight_imagination: Weight = 4.0
    """Of the error of the imagined embeddings."""
    weight_cycle: Weight = 2.0
    """Of the error of the way back."""


class IFMMINSettings(MMINTraining):
    """IF-MMIN; the weight of the task's own loss is 1."""

    implementation: ClassVar[str] = "robust_mer.models.mmin.if_mmin:IFMMIN"
    teacher: ClassVar[str | None] = "invariance_teacher"

    epochs_constant: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    """Epochs with the full learning rate."""
    epochs_falling: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    """Epochs after these, in which the learning rate falls linearly towards zero."""
    weight_imagination: Weight = 1.0
    """Of the error of the imagined embeddings."""
    weight_invariant: Weight = 100.0
    """Of the distance of the invariant feature from the teacher's."""


class InvarianceTeacherSettings(Optimisation):
    """The teacher of IF-MMIN and NMER.

    Its classifier has the ``dropout`` of all models, 0.5. The released script of IF-MMIN has 0.3.
    """

    implementation: ClassVar[str] = "robust_mer.models.mmin.invariance_teacher:InvarianceTeacher"
    trained_on_clean: ClassVar[bool] = True

    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 64
    """Utterances."""
    clip_norm: Annotated[float, Field(ge=1e-9, le=1e9)] = 0.5
    """Gradient norm at which each sub-network is clipped."""
    weight_cmd: Weight = 1.0
    """Of the CMD between the modalities' invariant features."""
