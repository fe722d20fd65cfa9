"""What a module defines, as far as it changes results, and the names that each definition uses.

Comments, docstrings, layout, texts of errors and calls of the log are left out.
"""

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from robust_mer.errors import InputError
from robust_mer.remembered import remembered

EFFECTS = ""
"""Name for what a module does on import besides defining names."""

_NAMES = (ast.Attribute, ast.Name)


@dataclass(frozen=True)
class Definitions:
    """The definitions of a module, by name; ``EFFECTS`` is one of them.

    Lists stand for tuples, because JSON has none.
    """

    texts: dict[str, str]
    """Source of each, in one layout."""
    uses: dict[str, list[list[str]]]
    """Dotted names that each uses, by their parts; imports inside it count as names."""
    imports: dict[str, list[str]]
    """What imported names mean: a module, and the name in it or ``""`` for the module itself."""
    packages: list[str]
    """Top-level packages from which the module imports."""


@cache
def definitions_of(module: str) -> Definitions:
    """The definitions of a module.

    Raises:
        InputError: there is no such module, or it is not Python.
    """

    def parse(source: bytes) -> dict[str, Any]:
        return vars(_parse(module, source))

    return Definitions(**remembered(module, source_of(module), Path(__file__), parse))


@cache
def source_of(module: str) -> Path:
    """Path of a module's source file.

    Raises:
        InputError: there is no such module.
    """
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise InputError(
            f"there is no module {module!r}, neither installed nor in the project's folder"
        )
    return Path(spec.origin)


def _parse(module: str, source: bytes) -> Definitions:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{source_of(module)} cannot be read as Python: {error}") from None
    statements = _without_words(tree.body)
    by_name: dict[str, list[ast.stmt]] = {EFFECTS: []}
    for statement in statements:
        defined = _defined_by(statement)
        for name in defined:
            by_name.setdefault(name, []).append(statement)
        if not defined and not _only_imports(statement):
            by_name[EFFECTS].append(statement)
    imports, packages = _imports(module, statements)
    known = imports.keys() | by_name.keys() - {EFFECTS}
    return Definitions(
        texts={name: "\n".join(map(ast.unparse, body)) for name, body in by_name.items()},
        uses={name: _uses(body, known) for name, body in by_name.items()},
        imports=imports,
        packages=sorted(packages),
    )


def _imports(module: str, statements: list[ast.stmt]) -> tuple[dict[str, list[str]], set[str]]:
    """``imports`` and ``packages`` of `Definitions`."""
    imports, packages = {}, set()
    for node in _nested(statements):
        if isinstance(node, ast.Import):
            for alias in node.names:
                package = alias.name.partition(".")[0]
                packages.add(package)
                top = alias.name if alias.asname else package
                imports[alias.asname or top] = [top, ""]
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(module, node)
            packages.update([origin.partition(".")[0]] if not node.level else [])
            for alias in node.names:
                imports[alias.asname or alias.name] = [origin, alias.name]
    return imports, packages


def _uses(statements: list[ast.stmt], known: set[str]) -> list[list[str]]:
    """``uses`` of a definition; a string is an annotation if it is one of the ``known`` names."""
    uses: set[tuple[str, ...]] = set()
    for statement in statements:
        for node in ast.walk(statement):  # a chain of attributes before its parts
            if isinstance(node, _NAMES):
                uses.update(_dotted(node))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                uses.update([(node.value,)] if node.value in known else [])
    return sorted(map(list, uses))


def _only_imports(statement: ast.stmt) -> bool:
    """Whether a statement only imports; an import for annotations alone is one too."""
    if isinstance(statement, ast.If) and isinstance(statement.test, ast.Name):
        return statement.test.id == "TYPE_CHECKING"
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _defined_by(statement: ast.stmt) -> list[str]:
    """Names that a statement of a module defines; none for one that does something else."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    flat = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple | ast.List) else [t])]
    names = [target.id for target in flat if isinstance(target, ast.Name)]
    return names if len(names) == len(flat) else []


def _dotted(node: ast.Attribute | ast.Name) -> list[tuple[str, ...]]:
    """``a.b.c`` as (a, b, c); nothing for a part of a longer chain or one not based on a name."""
    names: list[str] = []
    part: ast.expr = node
    while isinstance(part, ast.Attribute):
        names.insert(0, part.attr)
        part = part.value
    if not isinstance(part, ast.Name) or getattr(node, "is_part", False):
        return []
    if isinstance(node, ast.Attribute):
        _mark_parts(node)
    return [(part.id, *names)]


def _mark_parts(chain: ast.Attribute) -> None:
    """Have `_dotted` skip the shorter chains within a chain."""
    part: ast.expr = chain
    while isinstance(part, ast.Attribute):
        part = part.value
        part.is_part = True  # type: ignore[attr-defined]  # this module made the tree


def _absolute(module: str, node: ast.ImportFrom) -> str:
    """The module that a ``from ... import``, possibly a relative one, refers to."""
    if not node.level:
        return node.module or ""
    package = module if source_of(module).name == "__init__.py" else module.rpartition(".")[0]
    return importlib.util.resolve_name("." * node.level + (node.module or ""), package)


def _without_words(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Statements without docstrings, texts of errors and calls of the log, in place."""
    kept = []
    for statement in statements:
        if isinstance(statement, ast.Expr) and _is_wording(statement.value):
            continue
        if isinstance(statement, ast.Raise) and isinstance(statement.exc, ast.Call):
            statement.exc = statement.exc.func
        for block in _blocks(statement):
            block[:] = _without_words(block)
        kept.append(statement)
    return kept


def _is_wording(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str)
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and isinstance(value.func.value, ast.Name)
        and value.func.value.id == "log"
    )


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The lists of statements inside a statement."""
    for part in (statement, *getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        for name in ("body", "orelse", "finalbody"):
            if block := getattr(part, name, None):
                yield block


def _nested(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements and all those inside them."""
    for statement in statements:
        yield statement
        for block in _blocks(statement):
            yield from _nested(block)
