"""The config's files before they are read as values."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from robust_mer.errors import InputError

_MERGE = "<<"
_TEMPLATES = "__use_yte__"  # a key of a file whose other keys may be conditions and repeat


def check_config_files(paths: Iterable[str | Path]) -> None:
    """Refuse keys that a file has twice, of which YAML would silently use the last.

    Raises:
        InputError: with both lines; or the file is no YAML.
    """
    for path in paths:
        try:
            text = Path(path).read_text("utf-8")
            tree = yaml.compose(text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            if isinstance(error, yaml.YAMLError) and _is_json(text):
                continue
            reason = " ".join(str(error).replace('"<unicode string>", ', "").split())
            raise InputError(f"{path} cannot be read as YAML: {reason}") from None
        if isinstance(tree, yaml.MappingNode) and _TEMPLATES not in _keys(tree):
            _check_node(path, tree)


def _is_json(text: str) -> bool:
    """Whether a text is JSON, which Snakemake reads too; YAML does not allow its tabs."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _check_node(path: str | Path, root: yaml.MappingNode) -> None:
    waiting: list[tuple[str, yaml.Node]] = [("", root)]
    seen: set[int] = set()  # anchors repeat sections, or contain themselves
    while waiting:
        place, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            lines: dict[str, int] = {}
            for key, value in node.value:
                name, line = str(key.value), key.start_mark.line + 1
                if name in lines and name != _MERGE:
                    raise InputError(
                        f"{path}: {place}{name} is there twice, in lines {lines[name]} and "
                        f"{line}; YAML would use the last only. Join them, or rename one"
                    )
                lines[name] = line
                waiting.append((f"{place}{name}.", value))
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(f"{place}{number}.", one) for number, one in enumerate(node.value)]


def _keys(node: yaml.MappingNode) -> Iterator[str]:
    return (str(key.value) for key, _ in node.value)
