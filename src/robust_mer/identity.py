"""Code identity: what a rule's result depends on in this package, as a hash.

Snakemake notices a changed script, but not a changed module that the script imports. Each rule has
the identity of its code as a parameter, so it reruns when that code changes, and only then.

The identity works by definition, not by module. It starts at the function or class that a job
calls, follows every name in it to a definition, in this module or another, and hashes all of them.
A new class in a shared module, or a new entry in a registry, therefore reruns nothing. Comments,
docstrings, layout, texts of errors, calls of the log, and the modules of ``_WITHOUT_INFLUENCE``
never count, because they change no result.
"""

import ast
import hashlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from robust_mer.errors import InputError

_PACKAGE = "robust_mer"

# Planning, logs, wording, records and the choice of a GPU change no result: an edit there must not
# rerun weeks of training.
_WITHOUT_INFLUENCE = (
    "robust_mer.errors",
    "robust_mer.faults",
    "robust_mer.gpu",
    "robust_mer.identity",
    "robust_mer.jobs",
    "robust_mer.models.words",
    "robust_mer.plan",
    "robust_mer.provenance",
    "robust_mer.report.words",
    "robust_mer.runner",
    "robust_mer.runtime",
)

_EFFECTS = ""
"""Name for what a module does on import besides defining names."""

Node = tuple[str, str]  # module and name of a definition in it


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


def syntax_tree(module: str) -> ast.Module:
    """Syntax tree of a module.

    Raises:
        InputError: there is no such module, or it is not Python.
    """
    source = source_of(module)
    try:
        return ast.parse(source.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise InputError(f"{source} cannot be read as Python: {error}") from None


@cache  # thousands of jobs ask for a few dozen
def code_identity(*implementations: str) -> str:
    """Hash of the definitions that the given ones reach in this package.

    A data file of this package with a module's name (``page.html`` beside ``page.py``) counts with
    that module.

    Args:
        implementations: ``"module:name"``, or ``"module"`` for all of a module. A module outside
            the package (for example a user's noise) counts with what it imports from the same
            package and, if it lies in the folder of the run, from that folder.
    """
    digest = hashlib.sha256()
    reached = _reach(implementations)
    for module, name in sorted(reached):
        digest.update(f"{module}\n{name}\n{_text(module, name)}\n".encode())
    for module in sorted({module for module, _ in reached}):
        for data in _data_files(module):
            digest.update(data.read_bytes())
    return digest.hexdigest()[:16]


def described_identity(*implementations: str) -> str:
    """The code identity followed by the implementations that it covers, for a job's record."""
    return " ".join([code_identity(*implementations), *sorted(set(implementations))])


def parse_identity(described: str) -> tuple[str, list[str]]:
    """The code identity and the implementations of `described_identity`."""
    identity, *implementations = described.split(" ")
    return identity, implementations


def closure(*implementations: str) -> set[str]:
    """The modules in which the given definitions reach something that counts."""
    return {module for module, _ in _reach(implementations)}


def imported_names(module: str) -> set[str]:
    """Top-level packages that a module imports."""
    return _module(module).packages


def _reach(implementations: tuple[str, ...]) -> set[Node]:
    """All definitions that the given ones use, one through another, as far as they count."""
    waiting: list[Node] = []
    for implementation in implementations:
        module, _, name = implementation.partition(":")
        waiting += [(module, name)] if name else _all_of(module)
    reached: set[Node] = set()
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting += _neighbours(node)
    return reached


@cache
def _neighbours(node: Node) -> tuple[Node, ...]:
    """What a definition uses directly, and what its module does on import."""
    name = node[1]
    neighbours = set() if name == _EFFECTS else {(node[0], _EFFECTS)}
    for use in _uses(*node):
        neighbours.update(_resolved(node[0], use))
    return tuple(sorted(neighbours))


def _resolved(module: str, use: tuple[str, ...]) -> Iterator[Node]:
    """The definitions that a dotted name means in a module, as far as they count."""
    first, *attributes = use
    namespace = _module(module)
    if first in namespace.definitions:
        yield module, first
    elif first in namespace.imports:
        yield from _imported(module, namespace.imports[first], attributes)


def _imported(module: str, target: "_Import", attributes: list[str]) -> Iterator[Node]:
    """The definitions behind an imported name and the attributes that follow it."""
    source, name = target.module, target.name
    if name and _is_module(module, f"{source}.{name}"):  # from package import module
        source, name = f"{source}.{name}", ""
    while not name and attributes and _is_module(module, f"{source}.{attributes[0]}"):
        source, attributes = f"{source}.{attributes[0]}", attributes[1:]
    if not _has_influence(source) or not _is_module(module, source):
        return
    name = name or (attributes[0] if attributes else "")
    if not name:
        yield from _all_of(source)
    elif name in _module(source).definitions:
        yield source, name
    elif name in _module(source).imports:  # re-exported
        yield source, _EFFECTS
        yield from _resolved(source, (name,))


def _all_of(module: str) -> list[Node]:
    """All that a module defines, does and imports."""
    return [(module, name) for name in (_EFFECTS, *_module(module).definitions)]


@dataclass(frozen=True)
class _Import:
    """What an imported name means: ``module`` itself, or ``name`` in it."""

    module: str
    name: str = ""


@dataclass
class _Module:
    """A module's definitions by name, as far as they count, and what its imported names mean."""

    name: str
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    effects: list[ast.stmt] = field(default_factory=list)
    imports: dict[str, _Import] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    """Top-level packages from which it imports."""

    def statements(self, name: str) -> list[ast.stmt]:
        """The statements behind a name, or those that a module runs when it is imported."""
        return self.effects if name == _EFFECTS else self.definitions.get(name, [])


@cache
def _text(module_name: str, name: str) -> str:
    """Source of a definition, as far as it counts, in one layout.

    The origin of every imported name is appended, because a function of another library with the
    same name is another definition.
    """
    module = _module(module_name)
    source = [ast.unparse(statement) for statement in module.statements(name)]
    outside = {
        f"{use[0]} is {module.imports[use[0]].module}.{module.imports[use[0]].name}"
        for use in _uses(module_name, name)
        if use[0] in module.imports
    }
    return "\n".join([*source, *sorted(outside)])


@cache
def _uses(module_name: str, name: str) -> frozenset[tuple[str, ...]]:
    """Dotted names that a definition uses; imports inside it count as names."""
    module = _module(module_name)
    uses: set[tuple[str, ...]] = set()
    for statement in module.statements(name):
        for node in ast.walk(statement):  # a chain of attributes before its parts
            if isinstance(node, ast.Attribute | ast.Name):
                uses.update(_dotted(node))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                uses.update(_annotated(node.value, module))
    return frozenset(uses)


@cache
def _module(name: str) -> _Module:
    module = _Module(name)
    statements = _without_words(syntax_tree(name).body)
    for node in _nested(statements):
        if isinstance(node, ast.Import):
            for alias in node.names:
                package = alias.name.partition(".")[0]
                module.packages.add(package)
                top = alias.name if alias.asname else package
                module.imports[alias.asname or top] = _Import(top)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(name, node)
            module.packages.update([source.partition(".")[0]] if not node.level else [])
            for alias in node.names:
                module.imports[alias.asname or alias.name] = _Import(source, alias.name)
    for statement in statements:
        for defined in _defined_by(statement):
            module.definitions.setdefault(defined, []).append(statement)
        if not _defined_by(statement) and not _only_imports(statement):
            module.effects.append(statement)
    return module


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


def _annotated(text: str, module: _Module) -> Iterator[tuple[str, ...]]:
    """Names in an annotation that is a string."""
    if text in module.definitions or text in module.imports:
        yield (text,)


def _is_module(module: str, name: str) -> bool:
    """Whether ``name`` is a module that can count for ``module``."""
    return _counts(name, module.partition(".")[0])


def _has_influence(name: str) -> bool:
    return not any(name == one or name.startswith(f"{one}.") for one in _WITHOUT_INFLUENCE)


def _absolute(module: str, node: ast.ImportFrom) -> str:
    """The module that a ``from ... import``, possibly a relative one, refers to."""
    if not node.level:
        return node.module or ""
    package = module if source_of(module).name == "__init__.py" else module.rpartition(".")[0]
    return importlib.util.resolve_name("." * node.level + (node.module or ""), package)


@cache
def _counts(name: str, package: str) -> bool:
    """Whether ``name`` is a module of robust_mer, of ``package`` or in the folder of the run."""
    top, *inner = name.split(".")
    if top not in (_PACKAGE, package) and (package == _PACKAGE or not _is_in_folder(top)):
        return False
    source = source_of(top)
    if source.name != "__init__.py":
        return not inner
    base = source.parent.joinpath(*inner)
    return base.with_suffix(".py").is_file() or (base / "__init__.py").is_file()


def _is_in_folder(top: str) -> bool:
    """Whether a module's name resolves to a file in the folder of the run."""
    places = [place for place in (Path(f"{top}.py"), Path(top, "__init__.py")) if place.is_file()]
    return any(source_of(top).samefile(place) for place in places)


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


def _data_files(module: str) -> list[Path]:
    if module.split(".")[0] != _PACKAGE:
        return []  # mine.yaml beside mine.py may be the config
    source = source_of(module)
    return sorted(
        path
        for path in source.parent.glob(f"{source.stem}.*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    )
