"""Which packages compute a kind of features."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions, version

from robust_mer.identity import closure, imported_names

_NOT_COMPUTING = {"robust_mer", "pydantic"}  # they change no feature


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def versions_of(implementation: str) -> dict[str, str]:
    """Versions of the installed packages that an implementation's own modules import.

    Found in the source, so that no extractor has to list them.

    Args:
        implementation: ``"module:Class"``.

    Returns:
        Version by the package's name as pip knows it.
    """
    imported = set().union(*map(imported_names, closure(implementation)))
    names = set().union(*(_distributions().get(top, ()) for top in imported - _NOT_COMPUTING))
    return {name: version(name) for name in sorted(names)}
