"""What the baselines need of a task."""

from robust_mer.errors import InputError
from robust_mer.task import Classification, Task


def check_classification(task: Task, model: str) -> None:
    """Check that a task has classes.

    Args:
        task: What is predicted.
        model: Name of the model, for the message.

    Raises:
        InputError: the task has no classes.
    """
    if not isinstance(task, Classification):
        raise InputError(
            f"the model {model} predicts classes, but the task is {type(task).__name__}; leave the "
            "model out of the experiment"
        )
