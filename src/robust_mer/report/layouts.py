"""The papers' tables as data: which cells stand where. Read when a run is planned, too."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from robust_mer.evaluation.experiment import Evaluation
from robust_mer.files import naming

PAPERS_ENCODING = "class"
"""Of the targets in the papers' tables, see `robust_mer.tasks.task.Task.encoding`."""
SAMPLES = "samples"
GAIN = "gain"

Layout = dict[str, Any]
"""A layout, or a part of one, as ``resources/published/layouts.yaml`` explains them."""


def read_layouts(path: str | Path) -> dict[str, Layout]:
    """The layouts of ``resources/published/layouts.yaml`` by name; the file says what they hold.

    Raises:
        InputError: it is something else.
    """
    with naming(path, "a file of layouts"):
        layouts = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        for layout in layouts.values():
            _check(layout)
        return layouts


def _check(layout: Layout) -> None:
    """Ask for what every layout has; KeyError or TypeError where it is not there."""
    if layout.get("kind") == SAMPLES:
        return
    for part in (layout["cell"], *layout["rows"], *layout["columns"]):
        for key in ("class", "trained_on", "tested_on", "condition"):
            if not isinstance(part.get(key, ""), str):
                raise TypeError(f"{key} is no text")
        if not isinstance(part.get("selects_on_test", False), bool):
            raise TypeError("selects_on_test is neither true nor false")
    for _, cells in rows_of(layout):
        for cell in cells:
            _ = cell["class"], cell["trained_on"], cell["tested_on"]
            if cell["condition"] == GAIN:
                _ = set(layout["over"])


def cell_of(layout: Layout, row: Layout, column: Layout) -> Layout:
    """What a cell stands for: ``class`` (if any), ``tested_on, trained_on, condition``.

    ``published`` are the values by which its line is found among the published numbers; empty where
    it is not among them.
    """
    cell = {**layout["cell"], **row, **column}
    cell["trained_on"] = cell["trained_on"].format(tested_on=cell["tested_on"])
    cell["published"] = {**row.get("published", {}), **column.get("published", {})}
    return cell


def rows_of(layout: Layout) -> Iterator[tuple[Layout, list[Layout]]]:
    """Yield each row with its cells, in the order of the columns."""
    for row in layout["rows"]:
        yield row, [cell_of(layout, row, column) for column in layout["columns"]]


def tables_of(
    layouts: Mapping[str, Layout], models: Mapping[str, str], evaluations: Sequence[Evaluation]
) -> list[str]:
    """Names of the tables of which an experiment has a cell.

    Args:
        layouts: By name.
        models: Class of every model by its name.
        evaluations: The experiment's (model, trained on, tested on).
    """
    there = {(models[model], *trained_and_tested) for model, *trained_and_tested in evaluations}
    trained = {models[model] for model, *_ in evaluations}
    return [
        name
        for name, layout in layouts.items()
        if layout.get("kind") == SAMPLES
        or any(
            (cell["class"], cell["trained_on"], cell["tested_on"]) in there
            and (cell["condition"] != GAIN or trained & set(layout["over"]))
            for _, cells in rows_of(layout)
            for cell in cells
        )
    ]
