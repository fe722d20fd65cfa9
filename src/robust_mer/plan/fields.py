"""Types of the config's fields: names, numbers, fractions."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, Field


def matching(pattern: str, longest: int, expected: str) -> Callable[[str], str]:
    """A check that a text has at most ``longest`` characters and matches a pattern."""

    def check(value: str) -> str:
        if len(value) > longest or not re.fullmatch(pattern, value):
            raise ValueError(f"expected {expected}")
        return value

    return check


def two_or_more(values: list[Any]) -> list[Any]:
    """The values to try; ValueError if there is no choice."""
    if len(values) < 2:
        raise ValueError("expected two values or more to try; set a single one beside `tune`")
    return values


def unique(values: list[Any]) -> list[Any]:
    """The values; ValueError if one is listed twice."""
    twice = [value for place, value in enumerate(values) if value in values[:place]]
    if twice:
        raise ValueError(f"{twice[0]!r} is listed twice")
    return values


Name = Annotated[
    str,
    AfterValidator(
        matching(
            r"[A-Za-z][A-Za-z0-9_.-]*",
            100,
            "up to 100 letters, digits, _ . -, a letter first, because names become paths",
        )
    ),
]
CorruptionText = Annotated[
    str,
    AfterValidator(
        matching(
            r"[A-Za-z][A-Za-z0-9_.%-]*",
            100,
            "up to 100 letters, digits, _ . % -, a letter first, because corruptions become paths",
        )
    ),
]
Word = Annotated[
    str,
    AfterValidator(
        matching(
            r"[a-z][a-z0-9_]*",
            50,
            "up to 50 lower-case letters, digits, _, a letter first, because it becomes part of "
            "other names",
        )
    ),
]
NoiseName = Annotated[
    str,
    AfterValidator(
        matching(
            r"[a-z][a-z0-9]*",
            50,
            "up to 50 lower-case letters and digits, a letter first, because it becomes part of "
            "other names",
        )
    ),
]
ModalityName = Annotated[
    str,
    AfterValidator(
        matching(
            r"[a-z]+", 50, "up to 50 lower-case letters, because it becomes part of other names"
        )
    ),
]
Names = Annotated[list[Name], Field(min_length=1), AfterValidator(unique)]
Corruptions = Annotated[list[CorruptionText], Field(min_length=1), AfterValidator(unique)]
TunedValue = (
    bool
    | int
    | float
    | Annotated[
        str,
        AfterValidator(
            matching(
                r"[A-Za-z0-9_.-]+",
                50,
                "numbers, true, false, or texts of up to 50 letters, digits, _ . -, because they "
                "become parts of paths",
            )
        ),
    ]
)
"""A value of a hyperparameter."""
Number = Annotated[int, Field(ge=0, le=999_999_999)]
Fraction = Annotated[float, Field(ge=0, le=1)]
