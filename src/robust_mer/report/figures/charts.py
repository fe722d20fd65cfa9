"""Vega-Lite, as far as figures share it: the interactive forms of what Matplotlib draws.

A chart is several panels (``concat``) over one table. ``usermeta.series`` says which of its columns
can be switched on and off, by the parameter ``hidden``; the page draws every panel on its own, as
wide as there is room, with the names of the series above (see `report/page.js`). Below the widths
in ``usermeta.turned_below``, one per panel, names of columns stand upright.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from robust_mer.report.figures.palette import DASHES
from robust_mer.report.names import wrapped

if TYPE_CHECKING:
    import pandas as pd

Part = dict[str, Any]
"""A part of a specification."""

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
LABEL = 22
"""Letters in a line of a label at the left of a panel."""
LINE = 15
"""Height of a line of text in pixels."""
_LETTER = 7.5
"""Width of a letter in pixels."""
TITLE = 34
"""Letters in a line of a panel's title."""


def chart(
    table: "pd.DataFrame",
    panels: Sequence[Part],
    abreast: int,
    series: Mapping[str, int],
    coloured: bool = True,
) -> Part:
    """A chart of several panels over one table.

    Args:
        table: All numbers; ``panel`` says which panel a row belongs to, ``series`` what it is of.
        panels: In their order, see `panel`.
        abreast: How many stand side by side where there is room.
        series: Place of every series among the colours.
        coloured: Whether colours tell the series apart.
    """
    names = [name for name in series if name in set(table["series"])]
    return {
        "$schema": _SCHEMA,
        "usermeta": {"series": {name: series[name] for name in names}, "coloured": coloured},
        "params": [{"name": "hidden", "value": []}],
        "datasets": {"numbers": table.to_csv(index=False, float_format="%.5g")},
        "data": {"name": "numbers", "format": {"type": "csv", "parse": _types(table)}},
        "columns": abreast,
        "concat": list(panels),
    }


def _types(table: "pd.DataFrame") -> dict[str, str]:
    """How a column of the csv is read; without this, a model called 1 would be a number."""
    return {
        str(name): "number" if kind.kind in "iuf" else "string"
        for name, kind in table.dtypes.items()
    }


def panel(number: int, title: str, width: int, marks: Sequence[Part], **others: Any) -> Part:
    """One panel: layers over the rows of its number whose series is not hidden.

    Args:
        number: In the column ``panel``.
        title: Stands above it.
        width: Least width in pixels at which it is worth looking at.
        marks: The layers.
        **others: Height, encoding, ...
    """
    shown = f"datum.panel === {number} && indexof(hidden, datum.series) < 0"
    return {
        **(
            {"title": {"text": wrapped(title, TITLE).split("\n"), "anchor": "start"}}
            if title
            else {}
        ),
        "width": width,
        "transform": [{"filter": shown}],
        "layer": list(marks),
        **others,
    }


def colour(series: Mapping[str, int], channel: str = "color") -> Part:
    """Colour by series."""
    return {channel: {"field": "series", "type": "nominal", "scale": {"domain": list(series)}}}


def dash() -> Part:
    """Dash pattern by training."""
    scale = {"domain": list(range(len(DASHES))), "range": [list(dash) for dash in DASHES]}
    return {"strokeDash": {"field": "dash", "type": "ordinal", "scale": scale, "legend": None}}


def points(series: Mapping[str, int], size: int = 50) -> Part:
    """Points in the colours and symbols of their series, hollow for further trainings."""
    by_series = {"field": "series", "type": "nominal", "scale": {"domain": list(series)}}
    return {
        "mark": {"type": "point", "size": size, "filled": False, "strokeWidth": 1.5, "opacity": 1},
        "encoding": {
            "color": by_series,
            "shape": by_series,
            "fill": {
                "condition": {"test": "datum.dash > 0", "value": "transparent"},
                **by_series,
            },
        },
    }


def tooltip(fields: Mapping[str, str], table: "pd.DataFrame") -> list[Part]:
    """What is shown on hover: columns, as far as there are, by their names for people."""
    return [
        {"field": name, "title": title, "type": "quantitative", "format": ".4~g"}
        if table[name].dtype.kind == "f"
        else {"field": name, "title": title, "type": "nominal"}
        for name, title in fields.items()
        if name in table
    ]


def label_axis(names: Iterable[str], **others: Any) -> Part:
    """An axis at the left with names in lines of at most `LABEL` letters, each beside its row."""
    labels = {name: wrapped(name, LABEL) for name in names}
    by_breaks: dict[int, list[str]] = {}
    for name, label in labels.items():
        by_breaks.setdefault(label.count("\n"), []).append(name)
    raised = [
        {"test": f"indexof({_json(some)}, datum.value) >= 0", "value": -breaks * LINE / 2}
        for breaks, some in by_breaks.items()
    ]
    return {
        "title": None,
        "labelExpr": _lookup(labels),
        "labelOffset": {"condition": raised, "value": 0},
        "ticks": False,
        "domain": False,
        **others,
    }


def head_axis(names: Sequence[str], title: str | None = None) -> Part:
    """An axis below with names; the page turns them where they do not fit, see `head_width`."""
    return {"title": title, "ticks": False, "domain": False, "labelPadding": 4, "labelAngle": 0}


def head_width(rows: Sequence[str], columns: Sequence[str]) -> int:
    """Width of a panel in pixels from which on the names below stand side by side."""
    label = max(len(line) for name in rows for line in wrapped(name, LABEL).split("\n"))
    heads = len(columns) * (_LETTER * max(map(len, columns)) + 6)
    return round(_LETTER * label + 10 + heads)


def tick_axis(labels: Mapping[float, str], title: str) -> Part:
    """An axis below with names at some places."""
    texts = {f"{place or 0:.10g}": label for place, label in labels.items()}  # not "-0"
    return {"title": title, "values": list(labels), "labelExpr": _lookup(texts), "grid": False}


def height_of(name: str) -> int:
    """Height of a label in pixels."""
    return LINE * (wrapped(name, LABEL).count("\n") + 1)


def _lookup(texts: Mapping[str, str]) -> str:
    """A Vega expression for the lines of a label."""
    table = {name: text.split("\n") for name, text in texts.items()}
    return f"({_json(table)})[datum.value]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def scale(is_log: bool, span: tuple[float, float] | None) -> Part:
    """A scale of numbers, over a span if there is one."""
    kind: Part = {"type": "log"} if is_log else {"zero": False}
    return kind if span is None else {**kind, "domain": list(span), "nice": False}


def rule(axis: str, value: float, name: str) -> Part:
    """A grey line at one value, with its name on hover."""
    return {
        "data": {"values": [{"name": name}]},
        "mark": {"type": "rule", "strokeDash": [4, 3], "color": "#888888", "size": 1.5},
        "encoding": {axis: {"datum": value}, "tooltip": {"field": "name", "title": None}},
    }
