"""Complete settings of classes, as planning a run makes them."""

from typing import Any

from robust_mer.plan.plugins import checked_settings
from robust_mer.settings import load


def complete(implementation: str, given: dict[str, Any], where: str = "test") -> dict[str, Any]:
    """Settings of ``"module:Class"`` over its defaults."""
    return checked_settings(load(implementation).settings_class, given, where)


def defaults(implementation: str) -> dict[str, Any]:
    """The default settings of ``"module:Class"``."""
    return complete(implementation, {})
