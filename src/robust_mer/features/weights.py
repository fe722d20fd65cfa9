"""Locating the files of trained networks."""

from importlib.util import find_spec
from pathlib import Path

from robust_mer.errors import InputError

_PACKAGE = "package:"
_PROJECT = Path(__file__).parents[3]


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
