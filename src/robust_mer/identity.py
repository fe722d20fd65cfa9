"""Code identity: what a rule's result depends on in this package, as a hash.

Snakemake notices a changed script, but not a changed module that the script imports. Each rule has
the identity of its code as a parameter, so it reruns when that code changes, and only then.

The identity works by definition, not by module. It starts at the function or class that a job
calls, follows every name in it to a definition, in this module or another, and hashes all of them.
A new class in a shared module, or a new entry in a registry, therefore reruns nothing. Comments,
docstrings, layout, texts of errors, calls of the log, and the modules of ``_WITHOUT_INFLUENCE``
never count, because they change no result.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from robust_mer.definitions import EFFECTS, definitions_of, source_of

_PACKAGE = "robust_mer"

# Planning, logs, wording, records and the choice of a GPU change no result: an edit there must not
# rerun weeks of training.
_WITHOUT_INFLUENCE = (
    "robust_mer.definitions",
    "robust_mer.errors",
    "robust_mer.faults",
    "robust_mer.garbage",
    "robust_mer.gpu",
    "robust_mer.identity",
    "robust_mer.jobs",
    "robust_mer.models.words",
    "robust_mer.plan",
    "robust_mer.provenance",
    "robust_mer.remembered",
    "robust_mer.report.words",
    "robust_mer.runner",
    "robust_mer.runtime",
)

Node = tuple[str, str]  # module and name of a definition in it


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
    return set(definitions_of(module).packages)


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
def _text(module: str, name: str) -> str:
    """Source of a definition, as far as it counts, in one layout.

    The origin of every imported name is appended, because a function of another library with the
    same name is another definition.
    """
    definitions = definitions_of(module)
    used = {use[0] for use in definitions.uses.get(name, ())}
    outside = {
        f"{first} is {'.'.join(definitions.imports[first])}"
        for first in used & definitions.imports.keys()
    }
    return "\n".join([definitions.texts.get(name, ""), *sorted(outside)])


@cache
def _neighbours(node: Node) -> tuple[Node, ...]:
    """What a definition uses directly, and what its module does on import."""
    module, name = node
    neighbours = set() if name == EFFECTS else {(module, EFFECTS)}
    for use in definitions_of(module).uses.get(name, ()):
        neighbours.update(_resolved(module, use))
    return tuple(sorted(neighbours))


def _resolved(module: str, use: list[str]) -> Iterator[Node]:
    """The definitions that a dotted name means in a module, as far as they count."""
    first, *attributes = use
    definitions = definitions_of(module)
    if first in definitions.texts:
        yield module, first
    elif first in definitions.imports:
        source, name = definitions.imports[first]
        yield from _imported(module, source, name, attributes)


def _imported(module: str, source: str, name: str, attributes: list[str]) -> Iterator[Node]:
    """The definitions behind a ``name`` imported from ``source``, with what follows it."""
    if name and _is_module(module, f"{source}.{name}"):  # from package import module
        source, name = f"{source}.{name}", ""
    while not name and attributes and _is_module(module, f"{source}.{attributes[0]}"):
        source, attributes = f"{source}.{attributes[0]}", attributes[1:]
    if not _has_influence(source) or not _is_module(module, source):
        return
    name = name or (attributes[0] if attributes else "")
    if not name:
        yield from _all_of(source)
    elif name in definitions_of(source).texts:
        yield source, name
    elif name in definitions_of(source).imports:  # re-exported
        yield source, EFFECTS
        yield from _resolved(source, [name])


def _all_of(module: str) -> list[Node]:
    """All that a module defines, does and imports."""
    return [(module, name) for name in definitions_of(module).texts]


def _is_module(module: str, name: str) -> bool:
    """Whether ``name`` is a module that can count for ``module``."""
    return _counts(name, module.partition(".")[0])


def _has_influence(name: str) -> bool:
    return not any(name == one or name.startswith(f"{one}.") for one in _WITHOUT_INFLUENCE)


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


def _data_files(module: str) -> list[Path]:
    if module.split(".")[0] != _PACKAGE:
        return []  # mine.yaml beside mine.py may be the config
    source = source_of(module)
    return sorted(
        path
        for path in source.parent.glob(f"{source.stem}.*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    )
