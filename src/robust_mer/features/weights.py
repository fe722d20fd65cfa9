"""Locating the files of trained networks."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, get_args

from pydantic import Field

from robust_mer.errors import InputError
from robust_mer.settings import Settings

_PACKAGE = "package:"
_PROJECT = Path(__file__).parents[3]


@dataclass(frozen=True)
class _NamesFiles:
    """Marks a setting that names a file or folder."""

    always: bool
    """Whether it cannot name anything else, such as a model on a hub."""


FileName = Annotated[str, _NamesFiles(always=True)]
"""A file or folder, as `locate` reads it, which a run that needs it looks for before its first
job."""

NetworkName = Annotated[str, Field(min_length=1), _NamesFiles(always=False)]
"""The same, or a name of weights that can be downloaded."""


def is_path(name: str) -> bool:
    """Whether ``name`` means a file or folder of this machine and not something on a hub."""
    return name.startswith((_PACKAGE, "/", "./", "../", "~")) or Path(name).exists()


def locate(name: str, key: str) -> Path:
    """The file or folder that a setting names.

    Args:
        name: A path, from the folder that the workflow runs in or from the project's; or
            ``package:NAME/PATH``: a path inside an installed package, which is found without
            importing it.
        key: Config key for messages.

    Raises:
        InputError: it is not there.
    """
    if not name.startswith(_PACKAGE):
        path = Path(name).expanduser()
        if not path.exists():
            path = _PROJECT / path
        if not path.exists():
            raise InputError(f"config: {key} is {name!r}: there is no such file or folder")
        return path
    package, _, path_in_package = name.removeprefix(_PACKAGE).partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise InputError(
            f"config: {key} is {name!r}: the package {package} is not installed; install "
            "requirements-weights.lock, without dependencies"
        )
    path = Path(spec.origin).parent / path_in_package
    if not path.exists():
        raise InputError(
            f"config: {key} is {name!r}: the package {package} has no {path_in_package}"
        )
    return path


def named_files(settings: Settings) -> Iterator[tuple[str, str]]:
    """The settings that name a file or folder, with their values."""
    for key, field in type(settings).model_fields.items():
        value = getattr(settings, key)
        optional = [one for kind in get_args(field.annotation) for one in get_args(kind)[1:]]
        for mark in [*field.metadata, *optional]:
            if not isinstance(mark, _NamesFiles) or not isinstance(value, str):
                continue
            if mark.always or is_path(value):
                yield key, value
