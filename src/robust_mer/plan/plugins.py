"""Resolves a name in the config to a class with checked settings."""

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, get_origin

from pydantic import ValidationError

from robust_mer.errors import InputError
from robust_mer.plan.messages import settings_error, unknown
from robust_mer.settings import Plugin, Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Resolved(Generic[T]):
    """A class that the config names, and its complete settings."""

    kind: type[T]
    plugin: Plugin

    @property
    def settings(self) -> dict[str, Any]:
        """The complete settings."""
        return self.plugin.settings

    def settings_object(self) -> Settings:
        """The complete settings as an object."""
        settings_class: type[Settings] = getattr(self.kind, "settings_class", Settings)
        return settings_class(**self.plugin.settings)


def resolve(
    registry: Mapping[str, str],
    name: str,
    settings: Mapping[str, Any],
    location: str,
    base: type[T],
    also: Iterable[str] = (),
) -> Resolved[T]:
    """Find a class and check its settings.

    Args:
        registry: ``"module:Class"`` by name.
        name: A name of the registry, or a user's ``"module:Class"``.
        settings: Settings from the config.
        location: The config key of the section, for messages.
        base: The class must be a subclass of it.
        also: See `checked_settings`.

    Raises:
        InputError: there is no such class, it is not a subclass of ``base``, or a setting is wrong.
    """
    implementation = registry.get(name, name)
    if ":" not in implementation:
        raise unknown_class(location, name, registry)
    kind = load_class(implementation, f"{location}.class", base)
    settings_class: type[Settings] = getattr(kind, "settings_class", Settings)
    return Resolved(
        kind, Plugin(implementation, checked_settings(settings_class, settings, location, also))
    )


def unknown_class(location: str, name: str, registry: Iterable[str]) -> InputError:
    """The error for a class that is not registered; ``location`` is the key of its section."""
    text = unknown(f"{location}.class: {name}", name, registry)
    why = ""
    if location.rpartition(".")[2] == name:
        why = f", or {location}.class is missing: without it, the section's name is the class"
    return InputError(f"{text}. A class of your own is written module:Class{why}")


def checked_settings(
    settings_class: type[Settings],
    settings: Mapping[str, Any],
    location: str,
    also: Iterable[str] = (),
) -> dict[str, Any]:
    """Complete settings as plain values.

    Args:
        settings_class: Their class.
        settings: Those of the config.
        location: The config key of the section, for messages.
        also: Keys of the section that are no settings, for messages.

    Raises:
        InputError: a key does not exist or a value is wrong.
    """
    try:
        return settings_class.model_validate(dict(settings)).model_dump()
    except ValidationError as error:
        raise settings_error(error, location, settings_class, also) from None


def load_class(implementation: str, location: str, base: type[T]) -> type[T]:
    """Import ``"module:Class"``.

    Raises:
        InputError: the module cannot be imported, or has no such subclass of ``base``.
    """
    module_name, _, name = implementation.partition(":")
    label = f"config: {location}: {implementation}"
    try:
        module = importlib.import_module(module_name)
    except ValueError:  # an empty name
        raise InputError(f"{label}: there is no module {module_name!r}") from None
    except SyntaxError as error:
        raise InputError(f"{label}: {error.filename} cannot be read as Python: {error}") from None
    except ModuleNotFoundError as error:
        if error.name and module_name.startswith(error.name):
            raise InputError(
                f"{label}: there is no module {module_name!r}, neither installed nor in the "
                "project's folder"
            ) from None
        raise InputError(
            f"{label} cannot be imported: it needs the package {error.name!r}; install it"
        ) from None
    except Exception as error:  # the user's code can raise anything
        raise InputError(f"{label} cannot be imported: {type(error).__name__}: {error}") from error
    kind = getattr(module, name, None)
    if kind is None:
        classes = [
            one
            for one, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, base) and value is not base
        ]
        raise InputError(unknown(f"{location}: {implementation}", name, classes))
    if not (isinstance(kind, type) and issubclass(kind, base)):
        raise InputError(
            f"{label} is not a subclass of {base.__module__}.{base.__qualname__}; derive it from "
            "that"
        )
    if lacking := _lacking(kind):
        raise InputError(
            f"{label} lacks {', '.join(lacking)}; {base.__module__}.{base.__qualname__} says what "
            "it is"
        )
    return kind


def _lacking(kind: type) -> list[str]:
    """Methods and class attributes that the bases of a class declare, and it does not have."""
    declared = [
        name
        for one in kind.__mro__
        for name, annotation in vars(one).get("__annotations__", {}).items()
        if get_origin(annotation) is ClassVar and not hasattr(kind, name)
    ]
    return sorted({*getattr(kind, "__abstractmethods__", ()), *declared})
