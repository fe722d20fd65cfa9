"""Defaults of an implementation, read from its source without importing it.

Every reader, extractor, noise and model keeps its defaults in a module-level literal ``SETTINGS``
beside its code, and what they may be in ``LIMITS``. Where a setting ``variant`` stands for several
others, ``VARIANTS`` has, by variant, the defaults that it changes. A literal may take over others,
the module's own or another's: ``{**OF_MEN, "dropout": 0.5}`` behind ``from ... import SETTINGS as
OF_MEN``. ``REMARKS`` has what users must know of an extractor's features. Planning a run needs all
these, but not the seconds that importing torch takes.
"""

import ast
import difflib
import importlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from robust_mer.errors import InputError


class Settings(BaseModel):
    """Settings of a reader, extractor, noise, model or the like; each subclass lists its own.

    Every field has a type, a range where there is one, a default, and a docstring below it that
    says what it means. Subclasses live in modules that import neither torch nor any other slow
    package, because planning a run reads them.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        protected_namespaces=(),
    )


@dataclass(frozen=True)
class Plugin:
    """A class that the config names, with its complete settings.

    The class has its `Settings` in ``settings_class`` and takes them as the first argument of its
    constructor.
    """

    implementation: str
    """``"module:Class"``."""
    settings: dict[str, Any]

    def build(self, *arguments: Any) -> Any:
        """An instance of the class."""
        kind = load(self.implementation)
        return kind(kind.settings_class(**self.settings), *arguments)


def load(implementation: str) -> Any:
    """Import what ``"module:name"`` names."""
    module, _, name = implementation.partition(":")
    return getattr(importlib.import_module(module), name)


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


@cache
def syntax_tree(module: str) -> ast.Module:
    """Syntax tree of a module; callers must not change it.

    Raises:
        InputError: there is no such module, or it is not Python.
    """
    source = source_of(module)
    try:
        return ast.parse(source.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise InputError(f"{source} cannot be read as Python: {error}") from None


def check_defined(implementation: str, where: str) -> None:
    """Check, without importing it, that a user's ``"module:function"`` is there.

    Args:
        implementation: As the config has it.
        where: The config key that holds it, for messages.

    Raises:
        InputError: the module or the function is not there.
    """
    module, _, function = implementation.partition(":")
    try:
        body = syntax_tree(module).body
    except InputError as error:
        raise InputError(f"config: {where}: {implementation}: {error}") from None
    defined = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    if function not in defined:
        raise InputError(unknown(f"{where}: {implementation}", function, defined))


@cache
def _literal(module: str, name: str) -> dict[str, Any]:
    tree = syntax_tree(module)
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in node.targets
        ):
            try:
                return _evaluate(node.value, module)
            except ValueError as error:
                raise InputError(f"{source_of(module)}: {name} is no literal: {error}") from None
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _literal(node.module, alias.name)
    return {}


def _evaluate(value: ast.expr, module: str) -> dict[str, Any]:
    """A dictionary of literals, in which ``**NAME`` stands for one that the module has."""
    if not isinstance(value, ast.Dict):
        raise ValueError(f"expected a dictionary, not {ast.unparse(value)}")
    found = {}
    for key, item in zip(value.keys, value.values, strict=True):
        if key is not None:
            found[ast.literal_eval(key)] = ast.literal_eval(item)
        elif isinstance(item, ast.Name) and (named := _literal(module, item.id)):
            found |= named
        else:
            raise ValueError(
                f"**{ast.unparse(item)} is none that the module has or imports by name"
            )
    return found


def defaults(implementation: str) -> dict[str, Any]:
    """The literal ``SETTINGS`` of the module of ``"module:name"``; empty where it has none."""
    return dict(_literal(implementation.partition(":")[0], "SETTINGS"))


def remarks(implementation: str) -> dict[str, Any]:
    """What the literal ``REMARKS`` of the module of ``"module:name"`` says of its results."""
    return dict(_literal(implementation.partition(":")[0], "REMARKS"))


def complete(implementation: str, given: dict[str, Any], where: str) -> dict[str, Any]:
    """``given`` over the defaults of the implementation, or of the variant that is given.

    Args:
        implementation: ``"module:name"``.
        given: Settings from the config.
        where: The config key that holds them, for messages.

    Raises:
        InputError: a key that the implementation does not have, or a value of another kind.
    """
    variants = _literal(implementation.partition(":")[0], "VARIANTS")
    known = {**defaults(implementation), **variants.get(str(given.get("variant")), {})}
    for key, value in given.items():
        if key not in known:
            raise InputError(unknown(f"{where}.{key}", key, known))
        if not _same_kind(known[key], value):
            raise InputError(
                f"config: {where}.{key} is {value!r}, expected a value like the default "
                f"{known[key]!r}"
            )
    settings = {**known, **given}
    check_limits(settings, _literal(implementation.partition(":")[0], "LIMITS"), where)
    return settings


def check_limits(settings: dict[str, Any], limits: dict[str, Any], where: str) -> None:
    """Check values against (lowest, highest), or against a list of those to choose from.

    Raises:
        InputError: a value is outside.
    """
    for key, allowed in limits.items():
        if key not in settings:
            continue
        value = settings[key]
        if isinstance(allowed, tuple):
            fits, expected = allowed[0] <= value <= allowed[1], f"{allowed[0]:g} to {allowed[1]:g}"
        else:
            fits, expected = value in allowed, f"one of {', '.join(allowed)}"
        if not fits:
            raise InputError(f"config: {where}.{key} is {value!r}, expected {expected}")


def unknown(where: str, key: str, known: Any) -> str:
    """Message for a key that does not exist, with what may have been meant."""
    close = difflib.get_close_matches(str(key), [str(name) for name in known], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"config: {where} does not exist{hint} Known here: {', '.join(map(str, known))}"


def _same_kind(default: Any, value: Any) -> bool:
    if default is None:
        return True
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, (int, float))
    return isinstance(value, type(default))
