"""Candidates of a tuned model: every combination of the values that its section lists."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from robust_mer.errors import InputError
from robust_mer.models.settings import ModelSettings
from robust_mer.plan.messages import unknown
from robust_mer.plan.plugins import checked_settings

MARK = "@"
"""Before each tuned value in the name of a candidate; no model's own name contains it."""

_MOST = 100  # candidates
_LONGEST = 150  # characters of a candidate's name, which becomes part of paths


def candidates_of(
    name: str,
    settings: Mapping[str, Any],
    tune: Mapping[str, Sequence[Any]],
    facts: type[ModelSettings],
    also: Iterable[str],
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The candidates of a model: name, tuned values, complete settings.

    Args:
        name: Of the model.
        settings: Those that its section gives.
        tune: By setting, the values to try.
        facts: Class of the settings.
        also: Keys of the section that are no settings, for messages.

    Raises:
        InputError: there are too many, or one has settings that the class refuses.
    """
    place = f"models.{name}"
    for key in tune:
        _check_key(key, place, settings, facts)
    if (number := prod(map(len, tune.values()))) > _MOST:
        raise InputError(
            f"config: {place}.tune has {number} combinations, each of which is trained in every "
            f"fold with every seed; expected {_MOST} at most"
        )
    names: set[str] = set()
    keys = sorted(tune)  # names do not depend on their order in the config, nor on 0 or 0.0
    for values in product(*(tune[key] for key in keys)):
        tuned = dict(zip(keys, values, strict=True))
        complete = _complete(settings, tuned, place, facts, also)
        # No comma: Snakemake separates wildcards by it in the commands of a cluster's jobs.
        candidate = MARK.join([name, *(f"{key}={_text(complete[key])}" for key in keys)])
        if candidate in names:
            raise InputError(f"config: {place}.tune: two combinations have the name {candidate}")
        names.add(candidate)
        if len(candidate) > _LONGEST:
            raise InputError(
                f"config: {place}.tune: {candidate} becomes part of paths and has more than "
                f"{_LONGEST} characters; tune fewer settings, or shorten the model's name"
            )
        yield candidate, {key: complete[key] for key in keys}, complete


def _check_key(
    key: str, place: str, settings: Mapping[str, Any], facts: type[ModelSettings]
) -> None:
    known = [field.alias or name for name, field in facts.model_fields.items()]
    if key not in known:
        raise InputError(unknown(f"{place}.tune.{key}", key, known))
    if key in settings:
        raise InputError(
            f"config: {place}.{key} is {settings[key]!r}, but {place}.tune lists values of it; "
            "remove one of them"
        )
    if key == "keep":
        raise InputError(
            f"config: {place}.tune.keep: the best epoch is never below the last one on the "
            "validation part, which decides; set keep to one of them"
        )


def _complete(
    settings: Mapping[str, Any],
    tuned: dict[str, Any],
    place: str,
    facts: type[ModelSettings],
    also: Iterable[str],
) -> dict[str, Any]:
    """The settings of a candidate; an error names the value that is to be tried."""
    try:
        return checked_settings(facts, {**settings, **tuned}, place, also)
    except InputError as error:
        message = str(error)
        for key in tuned:
            message = message.replace(f"{place}.{key} ", f"{place}.tune.{key} ", 1)
        message = message.replace(f"{place}: ", f"{place_of(place, tuned)}: ", 1)
        raise InputError(message) from None


def place_of(place: str, tuned: Mapping[str, Any]) -> str:
    """A model's key in messages, with the combination of a candidate, if it is one."""
    combination = ", ".join(f"{key}: {value}" for key, value in tuned.items())
    return f"{place}.tune ({combination})" if tuned else place


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
