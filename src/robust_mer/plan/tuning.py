"""Candidates of a tuned model: every combination of the values that its section lists."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from robust_mer.errors import InputError
from robust_mer.models.settings import ModelSettings
from robust_mer.plan.messages import unknown
from robust_mer.plan.plugins import checked_settings

MARK = "@"
"""Between the name of a tuned model and the values of a candidate, which no name contains."""

_MOST = 100  # candidates
_LONGEST = 150  # characters of a candidate's name, which becomes part of paths


def candidates_of(
    name: str,
    settings: Mapping[str, Any],
    tune: Mapping[str, Sequence[Any]],
    facts: type[ModelSettings],
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The candidates of a model: name, tuned values, complete settings.

    Args:
        name: Of the model.
        settings: Those that its section gives.
        tune: By setting, the values to try.
        facts: Class of the settings.

    Raises:
        InputError: there are too many, or one has settings that the class refuses.
    """
    place = f"models.{name}"
    for key in tune:
        if key not in facts.model_fields:
            raise InputError(unknown(f"{place}.tune.{key}", key, facts.model_fields))
        if key in settings:
            raise InputError(
                f"config: {place}.{key} is {settings[key]!r}, but {place}.tune lists values of it; "
                "remove one of them"
            )
    if (number := prod(map(len, tune.values()))) > _MOST:
        raise InputError(
            f"config: {place}.tune has {number} combinations, each of which is trained in every "
            f"fold with every seed; expected {_MOST} at most"
        )
    for values in product(*tune.values()):
        tuned = dict(zip(tune, values, strict=True))
        candidate = name + MARK + ",".join(f"{key}={_text(one)}" for key, one in tuned.items())
        if len(candidate) > _LONGEST:
            raise InputError(
                f"config: {place}.tune: {candidate} becomes part of paths and has more than "
                f"{_LONGEST} characters; tune fewer settings, or shorten the model's name"
            )
        yield candidate, tuned, checked_settings(facts, {**settings, **tuned}, place)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
