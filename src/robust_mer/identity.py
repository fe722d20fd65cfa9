"""Code identity: what a rule's result depends on in this package, as a hash.

Snakemake sees a changed script, but not a changed module that the script imports. A rule that has
the identity of the code it uses as a parameter reruns when that code changes, and only then.
"""

import ast
import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from robust_mer.settings import source_of, syntax_tree

_PACKAGE = "robust_mer"

# How a job logs, how an error is worded, what is recorded of a job and which GPU is free change no
# result: weeks of training need not rerun.
_WITHOUT_INFLUENCE = (
    "robust_mer.jobs",
    "robust_mer.errors",
    "robust_mer.faults",
    "robust_mer.gpu",
    "robust_mer.provenance",
    "robust_mer.report.words",
)


@cache  # thousands of jobs ask for a few dozen
def code_identity(*implementations: str) -> str:
    """Hash of the syntax trees of the given modules and of all that they import in this package.

    Comments, docstrings and layout do not count. A data file of this package that bears a module's
    name (``report.html`` beside ``report.py``) counts with that module.

    Args:
        implementations: ``"module"`` or ``"module:name"``. A module outside the package (a user's
            own noise, say) counts with what it imports from its own package, and, where it lies in
            the folder that the workflow runs in, from there.
    """
    digest = hashlib.sha256()
    for module in sorted(closure(*implementations)):
        digest.update(f"{module}\n{_normalised(module)}\n".encode())
        for data in _data_files(module):
            digest.update(data.read_bytes())
    return digest.hexdigest()[:16]


def described_identity(*implementations: str) -> str:
    """The code identity, and behind it what it is the identity of, for a job's record to name."""
    return " ".join([code_identity(*implementations), *sorted(set(implementations))])


def parse_identity(described: str) -> tuple[str, list[str]]:
    """The code identity and the implementations of `described_identity`."""
    identity, *implementations = described.split(" ")
    return identity, implementations


def closure(*implementations: str) -> set[str]:
    """The given modules and those that they import, one through another, as far as they count."""
    found: set[str] = set()
    waiting = [implementation.partition(":")[0] for implementation in implementations]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += _imports(module)
    return found


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Modules that count and that ``module`` imports, in functions too."""
    names = set()
    for node in ast.walk(syntax_tree(module)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(module, node)
            names.add(source)
            names.update(f"{source}.{alias.name}" for alias in node.names)
    own = module.partition(".")[0]
    return tuple(sorted(name for name in names if _has_influence(name) and _counts(name, own)))


def imported_names(module: str) -> set[str]:
    """Top-level names that a module imports."""
    found = set()
    for node in ast.walk(syntax_tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def _has_influence(name: str) -> bool:
    return not any(name == one or name.startswith(f"{one}.") for one in _WITHOUT_INFLUENCE)


def _absolute(module: str, node: ast.ImportFrom) -> str:
    """The module that a ``from ... import`` means, which may stand there relative to its own."""
    if not node.level:
        return node.module
    package = module if source_of(module).name == "__init__.py" else module.rpartition(".")[0]
    return importlib.util.resolve_name("." * node.level + (node.module or ""), package)


def _counts(name: str, own: str) -> bool:
    """Whether ``name`` is a module, and of this package, of the package ``own`` or the user's."""
    top, *inner = name.split(".")
    if top not in (_PACKAGE, own) and (own == _PACKAGE or not _is_in_folder(top)):
        return False
    source = source_of(top)
    if source.name != "__init__.py":
        return not inner
    base = source.parent.joinpath(*inner)
    return base.with_suffix(".py").is_file() or (base / "__init__.py").is_file()


def _is_in_folder(top: str) -> bool:
    """Whether a module lies in the folder that the workflow runs in, and is what its name means."""
    places = [place for place in (Path(f"{top}.py"), Path(top, "__init__.py")) if place.is_file()]
    return any(source_of(top).samefile(place) for place in places)


@cache
def _normalised(module: str) -> str:
    tree = ast.parse(ast.unparse(syntax_tree(module)))
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
    if module.split(".")[0] != _PACKAGE:
        return []  # beside mine.py may lie mine.yaml, the config
    source = source_of(module)
    return sorted(
        path
        for path in source.parent.glob(f"{source.stem}.*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    )
