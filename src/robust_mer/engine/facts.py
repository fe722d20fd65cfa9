"""What a checkpoint says of itself; free of torch."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from safetensors import safe_open

from robust_mer.errors import InputError
from robust_mer.files import naming

KIND = "a checkpoint of this version"


def read_facts(path: str | Path, trusted: Collection[str] = ()) -> dict[str, Any]:
    """The facts of a checkpoint, which say what made it; see `engine.checkpoint.build_model`.

    Args:
        path: The .safetensors file.
        trusted: ``module:Class`` of models and tasks outside this package that the caller expects.

    Raises:
        InputError: the file is no checkpoint, or names other code.
    """
    with naming(path, KIND):
        with safe_open(path, "np") as file:
            facts: dict[str, Any] = json.loads(file.metadata()["facts"])
        for name, package in (
            (facts["implementation"], "robust_mer.models."),
            (facts["task"]["implementation"], "robust_mer.tasks."),
        ):
            if not name.startswith(package) and name not in trusted:
                raise InputError(
                    f"{path} names code that is not trusted: {name!r}; trusted is {package}*"
                    + "".join(f" or {other}" for other in trusted)
                )
    return facts
