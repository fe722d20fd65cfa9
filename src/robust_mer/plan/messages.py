"""What is wrong with a config, in words: where, what is there, what was expected."""

import difflib
from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from robust_mer.errors import InputError

_SHOWN = 500  # characters of a wrong value
_NUMBERS = {int: "an integer", float: "a number"}
_KINDS = {str: "text", bool: "true or false", list: "a list", dict: "a mapping"}


def unknown(where: str, key: str, known: Iterable[object]) -> str:
    """Message for a name that does not exist, with what may have been meant."""
    names = [str(name) for name in known]
    close = difflib.get_close_matches(str(key), names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"config: {where} does not exist{hint} Known here: {', '.join(names) or 'none'}"


def settings_error(
    error: ValidationError, where: str, settings_class: type[BaseModel]
) -> InputError:
    """The first of the errors that pydantic reports, as one message for the user.

    Args:
        error: From validating settings of ``settings_class``.
        where: The config key that holds them; empty for the whole config.
        settings_class: What was expected.
    """
    # Keys that do not exist first: what is missing may be one that is misspelt.
    errors = error.errors(include_url=False)
    first = min(errors, key=lambda one: one["type"] not in ("extra_forbidden", "unknown_key"))
    model, place, wanted = _locate(settings_class, first["loc"])
    key = ".".join([*([where] if where else []), *place])
    value = repr(first["input"])[:_SHOWN]
    if first["type"] == "extra_forbidden":
        return InputError(unknown(key, place[-1], _fields(model) if model else ()))
    if first["type"] == "missing":
        return InputError(f"config: {key} is missing; expected {wanted}")
    if first["type"] in ("value_error", "assertion_error"):
        reason = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        if isinstance(first["input"], dict | BaseModel):
            return InputError(f"config: {key}: {reason}")
        return InputError(f"config: {key} is {value}: {reason}")
    return InputError(f"config: {key or 'the whole'} is {value}, expected {wanted}")


def _locate(
    model: type[BaseModel] | None, loc: tuple[int | str, ...]
) -> tuple[type[BaseModel] | None, list[str], str]:
    """The model that holds what ``loc`` names, its path, and what is expected there."""
    place: list[str] = []
    annotation: Any = model
    metadata: tuple[Any, ...] = ()
    for step in loc:
        if step == "[key]":  # the name of an entry is wrong, not what it holds
            return model, place, "another name"
        current = _bare(annotation)
        if isinstance(current, type) and issubclass(current, BaseModel):
            model = current
            field = _fields(current).get(str(step))
            annotation = field.annotation if field else None
            metadata = tuple(field.metadata) if field else ()
        elif get_origin(current) in (dict, list, tuple):
            annotation, metadata = get_args(current)[-1], ()
        else:
            continue  # a member of a union, which is no part of the path
        place.append(str(step))
    expected = [kind for kind in _kinds(annotation, metadata) if kind]
    return model, place, " or ".join(dict.fromkeys(expected)) or "another value"


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields by the key that a config writes."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _bare(annotation: Any) -> Any:
    """An annotation without what is only said about it."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        return _bare(members[0]) if len(members) == 1 else None
    return annotation


def _kinds(annotation: Any, metadata: tuple[Any, ...]) -> Iterator[str]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _kinds(get_args(annotation)[0], (*metadata, *annotation.__metadata__))
    elif origin in (Union, UnionType):
        for member in get_args(annotation):
            yield from _kinds(member, metadata)
    elif origin is Literal:
        choices = get_args(annotation)
        yield ("one of " if len(choices) > 1 else "") + ", ".join(map(str, choices))
    elif annotation is type(None):
        return  # leaving a key out is always possible
    elif annotation in _NUMBERS:
        yield _NUMBERS[annotation] + _range(metadata)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "a mapping"
    elif origin is list and any(getattr(item, "min_length", 0) for item in metadata):
        yield "a list with at least one entry"
    elif isinstance(origin or annotation, type):
        yield _KINDS.get(origin or annotation, "")


def _range(metadata: tuple[Any, ...]) -> str:
    """`` from 0 to 1`` and the like; empty without limits."""
    constraints: list[Any] = []
    for item in metadata:
        constraints += getattr(item, "metadata", None) or [item]
    lowest = highest = ""
    for item in constraints:
        if isinstance(item, Ge):
            lowest = f"{item.ge:.10g}"
        elif isinstance(item, Gt):
            lowest = f"above {item.gt:.10g}"
        elif isinstance(item, Le):
            highest = f"{item.le:.10g}"
        elif isinstance(item, Lt):
            highest = f"below {item.lt:.10g}"
    if lowest and highest:
        is_closed = not (lowest.startswith("above") or highest.startswith("below"))
        return f" from {lowest} to {highest}" if is_closed else f" {lowest} and {highest}"
    if lowest:
        return f" {lowest}" if lowest.startswith("above") else f" of {lowest} or more"
    if highest:
        return f" {highest}" if highest.startswith("below") else f" of {highest} at most"
    return ""
