"""Which packages compute a kind of features."""

import ast
from importlib.metadata import packages_distributions, version

from robust_mer.identity import closure
from robust_mer.settings import syntax_tree


def versions_of(implementation: str) -> dict[str, str]:
    """Versions of the installed packages that an implementation's own modules import.

    Found in the source, so that no extractor has to list them.

    Args:
        implementation: ``"module:Class"``.

    Returns:
        Version by the package's name as pip knows it.
    """
    imported = set().union(*map(_imported, closure(implementation)))
    distributions = packages_distributions()
    names = set().union(*(distributions.get(top, ()) for top in imported - {"robust_mer"}))
    return {name: version(name) for name in sorted(names)}


def _imported(module: str) -> set[str]:
    """Top-level names that a module imports."""
    found = set()
    for node in ast.walk(syntax_tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.partition(".")[0])
    return found
