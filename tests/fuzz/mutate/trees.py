"""Mutations of trees of dictionaries and lists, as JSON and YAML hold them."""

import json
from random import Random
from typing import Any

import yaml

from fuzz.mutate.plain import NUMBERS, TEXTS, mutate_bytes

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_LAUGHS = "\n".join(
    ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    + [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 9)]
)
_SNIPPETS = (
    _LAUGHS,
    "a: &a [*a]",
    "a: &a {b: *a}",
    "!!python/object/apply:os.system ['touch pwned']",
    "x: !!python/name:os.system",
    "? [a, b]\n: c",
    "x: 2001-01-01",
    "x: !!binary aGFsbG8=",
    "x: !!set {a, b}",
    "<<: {run: [x]}",
    "run: [demo]\nrun: [demo]",
    "__use_yte__: true",
    "x: " + "[" * 500 + "]" * 500,
    "---\na: b",
    "%YAML 1.1\n---\n",
    "x: 0o17",
    "x: 1:30:00",
)


def mutate_json(data: bytes, draw: Random) -> bytes:
    """Change a node of a JSON document."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return mutate_bytes(data, draw)
    return json.dumps(mutate_tree(tree, draw), default=str).encode("utf-8", "surrogatepass")


def mutate_yaml(data: bytes, draw: Random) -> bytes:
    """Change a node of a YAML document, or put a line into its text."""
    try:
        tree = yaml.load(data, _LOADER)
        is_tree = isinstance(tree, dict) and b"&" not in data  # anchors may make it endless
        if is_tree and draw.random() < 0.9:
            tree = mutate_tree(tree, draw)
            return yaml.dump(tree, Dumper=_DUMPER, sort_keys=False, allow_unicode=True).encode(
                "utf-8", "replace"
            )
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        pass
    snippet = draw.choice(_SNIPPETS)
    lines = data.decode("utf-8", "replace").split("\n")
    if snippet == _LAUGHS or draw.random() < 0.3:
        # where a text, a number or a list is expected
        place = draw.randrange(len(lines))
        key, _, value = lines[place].partition(": ")
        name = "*l8" if snippet == _LAUGHS else draw.choice(TEXTS)
        if value:
            lines[place] = f"{key}: {name}"
        return "\n".join([snippet, *lines]).encode("utf-8", "replace")
    lines.insert(draw.choice((0, draw.randrange(len(lines) + 1))), snippet)
    return "\n".join(lines).encode("utf-8", "replace")


def mutate_tree(tree: Any, draw: Random) -> Any:
    """The tree with one node changed; a leaf is changed itself."""
    places = list(_places(tree, 0)) if isinstance(tree, (dict, list)) else []
    if not places:
        return hostile(draw)
    # leaves are many: choose a depth first
    depth = draw.choice(sorted({depth for depth, _, _ in places}))
    _, holder, key = draw.choice([place for place in places if place[0] == depth])
    kind = draw.randrange(8)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[draw.choice(TEXTS)] = holder.pop(key)
    elif kind == 2 and isinstance(holder, dict):
        holder[draw.choice((draw.choice(TEXTS), 1, None, True, 1.5))] = holder[key]
    elif kind == 2:
        holder.append(holder[key])
    elif kind == 3:
        holder[key] = [holder[key]]
    elif kind == 4:
        _, other, place = draw.choice(places)
        holder[key], other[place] = other[place], holder[key]
        if _is_cyclic(tree):
            other[place], holder[key] = holder[key], other[place]
    else:
        holder[key] = hostile(draw)
    return tree


def hostile(draw: Random) -> Any:
    """Something that is seldom expected."""
    kind = draw.randrange(10)
    if kind < 5:
        return draw.choice(TEXTS)
    if kind < 8:
        return draw.choice(NUMBERS)
    return draw.choice(
        (
            None,
            True,
            False,
            [],
            {},
            [[]],
            [{}],
            {"a": {}},
            {"class": 1},
            ["x"] * 50,
            {str(n): n for n in range(50)},
            [1, 1],
            [None],
            {"": ""},
        )
    )


def _places(node: Any, depth: int):
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield depth, node, key
        if isinstance(value, (dict, list)) and depth < 12:
            yield from _places(value, depth + 1)


def _is_cyclic(tree: Any) -> bool:
    try:
        json.dumps(tree, default=str, skipkeys=True)
    except (ValueError, RecursionError):
        return True
    return False
