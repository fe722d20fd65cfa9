"""What holds for all values of the config, whatever its shape."""

import math
from pathlib import Path
from typing import Any

from robust_mer.errors import InputError

# More than any config has. Sections that YAML anchors repeat count every time.
_MOST_VALUES = 20_000
_DEEPEST = 30
_LARGEST = 2**63  # no setting needs a larger integer


def check_values(raw: dict[str, Any]) -> None:
    """Refuse recursive or exploding YAML and values of types that no setting has.

    Raises:
        InputError: with the key and what was expected.
    """
    waiting: list[tuple[str, int, object]] = [("", 0, raw)]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        place, depth, value = waiting.pop()
        if depth > _DEEPEST:
            raise InputError(f"config: {place[:200]} ... contains itself")
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    raise InputError(_key_problem(place.removeprefix("."), key))
            waiting += [(f"{place}.{key}"[-500:], depth + 1, one) for key, one in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{place}.{number}", depth + 1, one) for number, one in enumerate(value)]
        else:
            _check_value(place.removeprefix("."), value)
    raise InputError(f"config: more than {_MOST_VALUES} values; check anchors that repeat sections")


def _key_problem(place: str, key: object) -> str:
    problem = f"config: {place or 'the whole'} has the key {key!r}, expected text"
    if isinstance(key, bool):
        words = "yes, on and true" if key else "no, off and false"
        return f"{problem}; YAML reads the words {words} so: write them in quotes"
    return f"{problem}: '{key}'"


def without_folders(value: Any) -> Any:
    """A section of the config with only the last part of paths that are absolute or of a home."""
    if isinstance(value, dict):
        return {key: without_folders(one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_folders(one) for one in value]
    if isinstance(value, str) and value.startswith(("/", "~")):
        return Path(value).name
    return value


def _check_value(place: str, value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"config: {place} is {value}, expected a finite number")
    if isinstance(value, int) and abs(value) >= _LARGEST:
        raise InputError(f"config: {place} is an integer of {value.bit_length()} bits")
    if isinstance(value, str) and "\0" in value:
        raise InputError(f"config: {place} is {value[:100]!r}, which contains a NUL character")
    if not isinstance(value, str | int | float | bool | type(None)):
        raise InputError(
            f"config: {place} is a {type(value).__name__} of YAML; quote it if it is meant as text"
        )
