"""What the config's reader learns of settings that pydantic refused."""

from typing import Annotated, Literal

import pydantic
import pytest
from pydantic import Field, model_validator

from robust_mer.plan.messages import settings_error
from robust_mer.settings import Settings


class Inner(Settings):
    width: Annotated[int, Field(ge=1, le=9)] = 1


class Example(Settings):
    rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    layers: Annotated[int, Field(ge=1, le=4)] = 2
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    epochs: Annotated[int, Field(gt=0)] | Literal["auto"] = "auto"
    limit: Annotated[float, Field(ge=0)] | None = None
    zero: Literal["positive", "negative"] = "positive"
    name: str = ""
    labels: dict[str, str] = Field(default={})
    widths: list[Annotated[int, Field(ge=1)]] = Field(default=[])
    inner: Inner = Inner()
    some: Annotated[list[str], Field(min_length=1)] = Field(default=["a"])
    code: Annotated[str, Field(pattern="^[a-z]+$", max_length=3)] = "a"
    others: dict[str, Inner] = Field(default={})

    @model_validator(mode="after")
    def _check(self) -> "Example":
        if self.name == "bad":
            raise ValueError("a bad name; expected a good one")
        return self


class Needs(Settings):
    key: str


def message(given, settings_class=Example, where="corpora.demo"):
    with pytest.raises(pydantic.ValidationError) as error:
        settings_class(**given)
    return str(settings_error(error.value, where, settings_class))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"rate": 2}, "corpora.demo.rate is 2, expected above 0 and at most 1"),
        ({"rate": "x"}, "rate is 'x', expected a number (above 0 and at most 1)"),
        ({"rate": True}, "rate is True, expected a number (above 0 and at most 1)"),
        ({"rate": float("nan")}, "rate is nan, expected a finite number (above 0 and at most 1)"),
        ({"layers": 9}, "layers is 9, expected 1 to 4"),
        ({"layers": 1.5}, "layers is 1.5, expected an integer (1 to 4)"),
        ({"seed": -1}, "seed is -1, expected 0 to 4294967295"),
        ({"epochs": "many"}, "demo.epochs is 'many', expected an integer (above 0) or auto"),
        ({"limit": -1}, "demo.limit is -1, expected at least 0 or null"),
        ({"zero": "neutral"}, "zero is 'neutral', expected one of positive, negative"),
        ({"name": 1}, "name is 1, expected text"),
        ({"labels": {"ang": 3}}, "corpora.demo.labels.ang is 3, expected text"),
        ({"labels": []}, "corpora.demo.labels is [], expected keys with values"),
        ({"labels": {1: "a"}}, "corpora.demo.labels.1 is 1, expected text"),
        ({"widths": [1, 0]}, "corpora.demo.widths.1 is 0, expected at least 1"),
        ({"widths": 1}, "corpora.demo.widths is 1, expected a list"),
        ({"inner": {"width": 0}}, "corpora.demo.inner.width is 0, expected 1 to 9"),
        ({"some": []}, "corpora.demo.some is [], expected at least 1 of them"),
        ({"code": "A"}, "corpora.demo.code is 'A', expected text that matches ^[a-z]+$"),
        ({"code": "abcd"}, "corpora.demo.code is 'abcd', expected at most 3 characters"),
        ({"name": "bad"}, "config: corpora.demo: a bad name; expected a good one"),
        (
            {"others": {"a": {"widht": 0}}},
            "corpora.demo.others.a.widht does not exist; did you mean 'width'? Known here: width",
        ),
    ],
)
def test_a_message_has_key_value_and_expectation(given, expected):
    assert message(given).startswith("config: corpora.demo")
    assert message(given).endswith(expected)


def test_an_unknown_key_comes_first_and_is_answered_with_those_known():
    said = message({"layers": 9, "rat": 1})
    assert said.startswith("config: corpora.demo.rat does not exist; did you mean 'rate'?")
    assert "Known here: rate, layers, seed" in said


def test_a_missing_key_is_named():
    assert message({}, Needs) == "config: corpora.demo.key is missing"
    assert message({}, Needs, where="") == "config: key is missing"


def test_a_long_value_is_cut():
    assert len(message({"layers": "x" * 10_000})) < 700
