"""Model classes by name: one line each."""

from typing import NamedTuple


class ModelClass(NamedTuple):
    """What the workflow must know of a model before it imports it."""

    implementation: str
    trained_on_clean: bool = False  # the corruptions are met in the test only
    teacher: str | None = None  # model of the config that must be trained first, on clean data


MODELS = {
    "men": ModelClass("robust_mer.models.men:MEN", trained_on_clean=True),
    "invariance_teacher": ModelClass(
        "robust_mer.models.invariance_teacher:InvarianceTeacher", trained_on_clean=True
    ),
    "nmer": ModelClass("robust_mer.models.nmer:NMER", teacher="invariance_teacher"),
}
