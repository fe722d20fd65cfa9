"""Settings of the classes that the config names, and building a class from its name."""

import importlib
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Base of the settings of readers, extractors, noises, models and other classes.

    Every field has a type, a range if there is one, a default, and a docstring below it. Subclasses
    are in modules that import neither torch nor any other slow package, because planning a run
    imports them.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
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
    """Import the object ``"module:name"``."""
    module, _, name = implementation.partition(":")
    return getattr(importlib.import_module(module), name)
