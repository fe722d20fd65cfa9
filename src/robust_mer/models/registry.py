"""Model classes by name: one line each."""

from typing import NamedTuple


class ModelClass(NamedTuple):
    """What the workflow must know of a model before it imports it."""

    implementation: str
    trained_on_clean: bool = False  # the corruptions are met in the test only
    teacher: str | None = None  # class that must be trained first, on clean data
    given_mask: bool = False  # is told which modalities are noisy; never ranked with the blind


# Of the hyperparameters that every model has: (lowest, highest), or the values to choose from.
OPTIMISATION_LIMITS = {
    "optimiser": ["adam", "adamw"],
    "learning_rate": (1e-9, 10),
    "weight_decay": (0, 10),
    "batch_size": (1, 1_000_000),
    "epochs_constant": (0, 1_000_000),
    "epochs_falling": (0, 1_000_000),
    "clip_norm": (1e-9, 1e9),
    "dropout": (0, 0.999),
}

MODELS = {
    "men": ModelClass("robust_mer.models.men:MEN", trained_on_clean=True),
    "invariance_teacher": ModelClass(
        "robust_mer.models.invariance_teacher:InvarianceTeacher", trained_on_clean=True
    ),
    "nmer": ModelClass("robust_mer.models.nmer:NMER", teacher="invariance_teacher"),
}
