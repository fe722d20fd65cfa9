"""The protocols of a run: those that experiments name, with checked settings."""

from collections.abc import Iterator

from robust_mer.errors import InputError
from robust_mer.plan.config import Config
from robust_mer.plan.messages import unknown
from robust_mer.plan.plugins import Resolved, load_class, resolve
from robust_mer.protocols.protocol import Protocol
from robust_mer.protocols.registry import PROTOCOLS


def plan_protocols(config: Config) -> dict[str, Resolved[Protocol]]:
    """The protocols of ``protocols`` and of the experiments, by name.

    An experiment names one of ``protocols``, a kind with no setting (``partial``), or a kind and
    what its class makes settings of (``random_30%``).

    Raises:
        InputError: there is no such protocol, or its settings are wrong.
    """
    for name, section in config.protocols.items():
        if name in PROTOCOLS and section.kind not in (None, name):
            raise InputError(
                f"config: protocols.{name}: {name} is another protocol already; choose another name"
            )
    planned = {
        name: resolve(
            PROTOCOLS, section.kind or name, section.settings, place, Protocol, section.own_keys()
        )
        for name, section in config.protocols.items()
        for place in [f"protocols.{name}"]
    }
    for place, name in _uses(config):
        if name not in planned:
            planned[name] = _named(name, f"{place}: {name}", [*planned, *PROTOCOLS])
    return planned


def _uses(config: Config) -> Iterator[tuple[str, str]]:
    """The protocols that experiments and models name, with the key that names them."""
    for experiment, section in config.experiments.items():
        for name in section.conditions:
            yield f"experiments.{experiment}.conditions", name
        for name in section.tested_under:
            yield f"experiments.{experiment}.tested_under", name
    for model, model_section in config.models.items():
        if model_section.trained_under is not None:
            yield f"models.{model}.trained_under", model_section.trained_under


def _named(name: str, place: str, known: list[str]) -> Resolved[Protocol]:
    if name in PROTOCOLS:
        return resolve(PROTOCOLS, name, {}, place, Protocol)
    kind, _, variant = name.partition("_")
    if kind not in PROTOCOLS or not variant:
        raise InputError(unknown(place, name, dict.fromkeys(known)))
    try:
        settings = load_class(PROTOCOLS[kind], place, Protocol).settings_of(variant)
    except InputError as error:
        raise InputError(f"config: {place}: {error}") from None
    return resolve(PROTOCOLS, kind, settings, place, Protocol)
