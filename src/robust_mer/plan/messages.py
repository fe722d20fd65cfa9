"""Messages for an invalid config: pydantic's errors in the user's words."""

import difflib
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pydantic

from robust_mer.errors import InputError

_SHOWN = 500  # characters of a wrong value
_PREFIX = "Input should be "
_KEY = "[key]"  # of a dict, in the place of an error
_EXPONENT = re.compile(r"([+-]?\d+)\.?(\d*)[eE]([+-]?\d+)")

_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "keys with values",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_from_float": "an integer",
    "int_type": "an integer",
    "invalid_key": "text as a key",
    "list_type": "a list",
    "model_attributes_type": "keys with values",
    "model_type": "keys with values",
    "string_type": "text",
    "tuple_type": "a list",
}
_WITH_CONTEXT = {
    "string_pattern_mismatch": "text that matches {pattern}",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "too_long": "at most {max_length} of them",
    "too_short": "at least {min_length} of them",
}
_BOUNDS = {
    "greater_than": "gt",
    "greater_than_equal": "ge",
    "less_than": "lt",
    "less_than_equal": "le",
}


def unknown(location: str, key: str, known: Iterable[object]) -> str:
    """Message for a name that does not exist, with the closest known one.

    Args:
        location: The config key that holds it.
        key: The name.
        known: Names that exist.
    """
    names = [str(name) for name in known]
    close = difflib.get_close_matches(str(key), names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"config: {location} does not exist{hint} Known here: {', '.join(names) or 'none'}"


def settings_error(
    error: pydantic.ValidationError,
    location: str,
    settings_class: type[pydantic.BaseModel],
    also: Iterable[str] = (),
) -> InputError:
    """The error for settings that pydantic refused: one key, its value, what was expected.

    Of several errors an unknown key comes first, because it often causes the others.

    Args:
        error: The exception of pydantic.
        location: The config key that holds the settings, e.g. ``corpora.demo``; may be empty.
        settings_class: The class that refused them.
        also: Further keys that may stand beside them.
    """
    errors = error.errors(include_url=False)
    strange = next((one for one in errors if one["type"] == "extra_forbidden"), None)
    if strange is not None:
        place = _locate(settings_class, strange["loc"])
        fields = place.owner.model_fields if place.owner else {}
        known = [field.alias or name for name, field in fields.items()]
        known += also if place.owner is settings_class else []
        return InputError(unknown(place.path(location), place.names[-1], known))
    first = errors[0]
    place = _locate(settings_class, first["loc"])
    if first["type"] == "literal_error" and first["loc"][-1] == _KEY:
        return InputError(unknown(place.path(location), place.names[-1], get_args(place.key)))
    path = f"config: {place.path(location) or 'the whole'}"
    if first["type"] == "missing":
        return InputError(f"{path} is missing")
    value = repr(first["input"])[:_SHOWN]
    if first["type"] in ("value_error", "assertion_error"):
        reason = str(first["ctx"]["error"])
        return InputError(f"{path} is {value}: {reason}" if place.names else f"{path}: {reason}")
    # A union has an error for each of its types, all at the same place.
    same = [
        (one, other) for one in errors if (other := _locate(settings_class, one["loc"])) == place
    ]
    expected = " or ".join(dict.fromkeys(_expected(one, other) for one, other in same))
    hint = _misread(first["input"], {one["type"] for one, _ in same})
    return InputError(f"{path} is {value}, expected {expected}{hint}")


def _misread(value: object, kinds: set[str]) -> str:
    """A hint where YAML reads a value as another type than it looks like; else empty."""
    if isinstance(value, str) and "float_type" in kinds and (match := _EXPONENT.fullmatch(value)):
        whole, fraction, exponent = match.groups()
        number = f"{whole}.{fraction or 0}e{int(exponent):+d}"
        return f"; YAML reads {value} as text, so write {number}"
    if isinstance(value, bool) and "string_type" in kinds:
        words = "yes, on and true" if value else "no, off and false"
        return f"; YAML reads the words {words} so: write them in quotes"
    return ""


@dataclass
class _Place:
    """A place in the settings: its path, and what the field there may hold."""

    names: list[str]
    owner: type[pydantic.BaseModel] | None = field(compare=False, default=None)
    annotation: Any = field(compare=False, default=Any)
    metadata: list[Any] = field(compare=False, default_factory=list)
    key: Any = field(compare=False, default=Any)
    is_optional: bool = field(compare=False, default=False)

    def path(self, location: str) -> str:
        return ".".join(filter(None, [location, *self.names]))

    def open(self) -> list[Any]:
        """Unwrap the annotation; returns the types to choose from."""
        while get_origin(self.annotation) is Annotated:
            self.annotation, *more = get_args(self.annotation)
            self.metadata = [*self.metadata, *_constraints(more)]
        if get_origin(self.annotation) not in (Union, types.UnionType):
            return [self.annotation]
        members = get_args(self.annotation)
        self.is_optional = type(None) in members
        members = tuple(member for member in members if member is not type(None))
        if len(members) > 1:
            return list(members)
        self.annotation = members[0]
        return self.open()


def _constraints(metadata: list[Any]) -> Iterator[Any]:
    """Constraints of pydantic's ``Field`` or of annotated_types, one by one."""
    for one in metadata:
        yield from getattr(one, "metadata", [one])


def _locate(settings_class: type[pydantic.BaseModel], location: tuple[int | str, ...]) -> _Place:
    place = _Place([], annotation=settings_class)
    for part in location:
        members = place.open()
        if len(members) > 1:  # pydantic names the member that it tried; the config does not
            fits = [member for member in members if _name(member) in str(part).lower()]
            place.annotation = fits[0] if fits else Any
            continue
        if part == _KEY:
            continue
        place.names.append(str(part))
        _enter(place, part)
    place.open()
    return place


def _enter(place: _Place, part: int | str) -> None:
    """Go to a field of a class, or to an item of a list or a dict."""
    kind, origin = place.annotation, get_origin(place.annotation)
    arguments = get_args(kind)
    place.metadata, place.is_optional, place.annotation = [], False, Any
    if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
        place.owner = kind
        if part in kind.model_fields:
            info = kind.model_fields[str(part)]
            place.annotation, place.metadata = info.annotation, list(_constraints(info.metadata))
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        place.key, place.annotation = arguments
    elif arguments:
        place.annotation = arguments[0]


def _name(annotation: Any) -> str:
    """Part of pydantic's name for a member of a union."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Literal:
        return "literal"
    return str(getattr(get_origin(annotation) or annotation, "__name__", annotation)).lower()


def _expected(error: Any, place: _Place) -> str:
    kind = error["type"]
    if kind == "literal_error":
        choices = get_args(place.annotation)
        text = f"one of {', '.join(map(str, choices))}" if len(choices) > 1 else str(choices[0])
    elif kind in _BOUNDS:
        text = _range(place.metadata) or _range([_Bound(**error["ctx"])])
    elif kind in _WITH_CONTEXT:
        text = _WITH_CONTEXT[kind].format_map(error["ctx"])
    elif kind in _EXPECTED:
        limits = _range(place.metadata)
        text = _EXPECTED[kind] + (f" ({limits})" if limits else "")
    elif kind == "value_error":
        text = str(error["ctx"]["error"]).removeprefix("expected ")
    else:
        text = error["msg"].removeprefix(_PREFIX)
    return f"{text} or null" if place.is_optional else text


@dataclass(frozen=True)
class _Bound:
    gt: Any = None
    ge: Any = None
    lt: Any = None
    le: Any = None


def _range(metadata: list[Any]) -> str:
    """The limits of a number in words; empty if it has none."""
    limits = {
        key: value
        for key in _BOUNDS.values()
        for one in metadata
        if (value := getattr(one, key, None)) is not None
    }
    if limits.keys() == {"ge", "le"}:
        return f"{_number(limits['ge'])} to {_number(limits['le'])}"
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    return " and ".join(f"{words[key]} {_number(value)}" for key, value in limits.items())


def _number(value: float) -> str:
    # YAML reads 1e-09 as text.
    return re.sub(r"^(-?\d+)e", r"\1.0e", f"{value:g}") if isinstance(value, float) else str(value)
