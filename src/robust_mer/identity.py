"""Code identity: what a rule's result depends on in this package, as a hash.

Snakemake sees a changed script, but not a changed module that the script imports. A rule that has
the identity of the code it uses as a parameter reruns when that code changes, and only then.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

from robust_mer.settings import source_of

_PACKAGE = "robust_mer"

# How a job logs and how an error is worded change no result: weeks of training need not rerun.
_WITHOUT_INFLUENCE = {"robust_mer.jobs", "robust_mer.errors"}


def code_identity(*implementations: str) -> str:
    """Hash of the syntax trees of the given modules and of all that they import in this package.

    Comments, docstrings and layout do not count. A data file that bears a module's name
    (``report.html`` beside ``report.py``) counts with that module.

    Args:
        implementations: ``"module"`` or ``"module:name"``; a module outside the package (a user's
            own noise, say) counts with its own source.
    """
    digest = hashlib.sha256()
    for module in sorted(closure(*implementations)):
        digest.update(f"{module}\n{_normalised(module)}\n".encode())
        for data in _data_files(module):
            digest.update(data.read_bytes())
    return digest.hexdigest()[:16]


def closure(*implementations: str) -> set[str]:
    """The given modules and all modules of this package that they import, one through another."""
    found: set[str] = set()
    waiting = [implementation.partition(":")[0] for implementation in implementations]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += _imports(module)
    return found


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(source_of(module).read_text(encoding="utf-8"))


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Modules of this package that ``module`` imports, in functions too."""
    names = set()
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(sorted(name for name in names - _WITHOUT_INFLUENCE if _is_ours(name)))


def _is_ours(name: str) -> bool:
    if name.split(".")[0] != _PACKAGE:
        return False
    base = source_of(_PACKAGE).parent.joinpath(*name.split(".")[1:])
    return base.with_suffix(".py").is_file() or (base / "__init__.py").is_file()


@cache
def _normalised(module: str) -> str:
    tree = ast.parse(ast.unparse(_tree(module)))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
            and isinstance(body[0].value.value, str)
        ):
            node.body = body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _data_files(module: str) -> list[Path]:
    source = source_of(module)
    return sorted(
        path
        for path in source.parent.glob(f"{source.stem}.*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    )
