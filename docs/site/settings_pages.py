"""Pages of settings: of every class that a config can name, and of the config itself."""

import ast
import inspect
import re
import textwrap
from itertools import pairwise
from typing import Any

from robust_mer.corpora.registry import READERS
from robust_mer.corruption.raw.registry import RAW_KINDS
from robust_mer.corruption.registry import NOISES
from robust_mer.features.registry import EXTRACTORS
from robust_mer.models.registry import MODELS, settings_class
from robust_mer.plan.schema import schema
from robust_mer.settings import Settings, load

_INTRODUCTIONS = {
    "config": "Keys of a config. The [default config](../../config.yaml) explains them in context.",
    "models": "Settings of the models, for a section of `models` in the config. "
    "[Models](../models.md) says what each computes.",
    "extractors": "Settings of the extractors, for a section of `features.extractors`. "
    "[Features](../features/README.md) says when to use which.",
    "readers": "Settings of the readers, for a section of `corpora`. The page of a corpus says "
    "which folder its reader expects.",
    "corruptions": "Settings of noises on features (`corruption.noises`) and of corruptions of "
    "recordings (`corruption.raw`). [Corruptions](../corruptions.md) explains both.",
}


def settings_pages() -> dict[str, str]:
    """The text of each page by its name."""
    sections = {
        "config": _config(),
        "models": {name: _described(settings_class(name)) for name in MODELS},
        "extractors": _schemas(EXTRACTORS),
        "readers": _schemas(READERS),
        "corruptions": _schemas(NOISES) | _schemas(RAW_KINDS),
    }
    return {
        name: f"# {'Keys of the config' if name == 'config' else f'Settings of {name}'}\n\n"
        f"{_INTRODUCTIONS[name]} This page is made from the code.\n\n"
        + "\n".join(_section(title, one) for title, one in classes.items())
        for name, classes in sections.items()
    }


def _schemas(registry: dict[str, str]) -> dict[str, Any]:
    return {
        name: _described(load(implementation).settings_class)
        for name, implementation in registry.items()
    }


def _described(settings: type[Settings]) -> dict[str, Any]:
    """The schema, with the docstrings of the fields as descriptions.

    pydantic can do so too, but then does it at every start of every job. Settings within settings
    are described where they are a field's whole type.
    """
    schema = settings.model_json_schema()
    _describe(schema, settings, schema.get("$defs", {}))
    return schema


def _describe(
    section: dict[str, Any], settings: type[Settings], sections: dict[str, dict[str, Any]]
) -> None:
    kinds = [kind for kind in reversed(settings.__mro__) if issubclass(kind, Settings)]
    texts = {name: text for kind in kinds for name, text in _docstrings(kind).items()}
    for name, field in settings.model_fields.items():
        section["properties"][field.alias or name]["description"] = texts[name]
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Settings):
            _describe(sections[kind.__name__], kind, sections)


def _docstrings(kind: type) -> dict[str, str]:
    """The docstring of each field that a class defines, by name."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    return {
        ast.unparse(field.target): inspect.cleandoc(below.value.value)
        for field, below in pairwise(tree.body)
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr)
    }


def _config() -> dict[str, Any]:
    """The schema of the config and of its sections, by title."""
    whole = schema()
    sections = {_title(name): section for name, section in whole["$defs"].items()}
    top = {
        name: {"description": _referenced(one, whole).get("description", "")} | one
        for name, one in whole["properties"].items()
    }
    return {"Top level": {"properties": top}, **sections}


def _referenced(one: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    return whole["$defs"].get(one.get("$ref", "").rpartition("/")[2], {})


def _title(definition: str) -> str:
    """``FoldsConfig`` -> ``Folds``."""
    return definition.removesuffix("Config")


def _section(title: str, described: dict[str, Any]) -> str:
    properties = described.get("properties", {})
    lines = [f"## {title}", "", _line(described.get("description", "")), ""]
    if properties:
        lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
        lines += _rows(described, described.get("$defs", {}))
    else:
        lines += ["No settings."]
    return "\n".join([*lines, ""])


def _rows(described: dict[str, Any], parts: dict[str, Any], of: str = "") -> list[str]:
    """A row for each key; a key that holds further keys is followed by these."""
    rows = []
    for name, one in described["properties"].items():
        part = one.get("$ref", "").rpartition("/")[2]
        rows.append(_row(of + name, one | ({"$ref": ""} if part in parts else {}), described))
        if part in parts:
            rows += _rows(parts[part], parts, f"{of}{name}.")
    return rows


def _row(name: str, one: dict[str, Any], described: dict[str, Any]) -> str:
    required = name.rpartition(".")[2] in described.get("required", ())
    default = "required" if required else ""
    if "default" in one:
        default = f"`{_yaml(one['default'])}`"
    cells = [f"`{name}`", _type(one), default, _line(one.get("description", ""))]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _type(one: dict[str, Any]) -> str:
    """The type and range of a key, in words."""
    if one.get("$ref") == "":
        return "mapping"
    if "$ref" in one:
        name = _title(one["$ref"].rpartition("/")[2])
        return f"[{name}](#{name.lower()})"
    if "enum" in one:
        return ", ".join(f"`{value}`" for value in one["enum"])
    if "const" in one:
        return f"`{one['const']}`"
    for key in ("anyOf", "oneOf"):
        if key in one:
            return " or ".join(dict.fromkeys(_type(choice) for choice in one[key]))
    kind = one.get("type", "any")
    if kind == "array":
        return f"list of {_type(one.get('items', {}))}"
    if kind == "object" and isinstance(one.get("additionalProperties"), dict):
        return f"{_type(one['additionalProperties'])} by name"
    words = {"boolean": "true or false", "null": "none", "object": "mapping", "string": "text"}
    return words.get(kind, kind) + _range(one)


def _range(one: dict[str, Any]) -> str:
    limits = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    parts = [f"{sign} {one[key]:g}" for key, sign in limits.items() if key in one]
    return f" {' and '.join(parts)}" if parts else ""


def _yaml(value: Any) -> str:
    """A default as one would write it in a config."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_yaml(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    words = {True: "true", False: "false", None: "null", "": '""'}
    return words[value] if isinstance(value, bool | None) or value == "" else str(value)


def _line(text: str) -> str:
    """A docstring on one line, as Markdown."""
    return re.sub(r"\s+", " ", text.replace("``", "`")).strip()
