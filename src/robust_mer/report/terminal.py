"""An experiment's scores as a short text for the terminal. Free of pandas: planning imports it."""

import csv
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from robust_mer.conditions import CLEAN, NONE
from robust_mer.evaluation.experiment import AVERAGE, COMPLETE, SAME, Experiment
from robust_mer.report.cells import minus
from robust_mer.report.names import corruption_title, line_name
from robust_mer.report.words import terminal as words

_KINDS = (AVERAGE, NONE, COMPLETE)
"""Kinds of conditions, in the order in which they stand for a corruption."""

_Row = Mapping[str, str]
_Cells = dict[tuple[str, str], dict[str, str]]
"""By model and training, its scores by corruption."""


def scores_table(experiment: Experiment, summary: str | Path) -> list[str]:
    """Lines of text: the main measure of every model under every corruption, and chance.

    Args:
        experiment: The experiment.
        summary: ``{experiment}_all.csv``.
    """
    with Path(summary).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] in _KINDS]
    main = experiment.main
    selection = _best_kinds(rows, experiment)
    cells = _lines(selection, f"{main.name}_mean")
    tested_on = sorted({row["tested_on"] for row in selection}, key=_severity(experiment))
    heads = [corruption_title(experiment, name) for name in tested_on]
    chance = {row["tested_on"]: row[f"{main.name}_chance"] for row in selection}
    order = list(experiment.models)
    body = [
        [line_name(experiment, *line), *(_score(cells[line].get(name)) for name in tested_on)]
        for line in sorted(cells, key=lambda line: order.index(line[0]))
    ]
    floor = [words.CHANCE, *(_score(chance.get(name)) for name in tested_on)]
    kinds = {row["kind"] for row in selection}
    return [
        *_aligned([[words.title(experiment.name, main.title), *heads], *body, floor]),
        words.about(len(experiment.folds), len(experiment.seeds), AVERAGE in kinds, NONE in kinds),
        *([experiment.note] if experiment.note else []),
    ]


def _best_kinds(rows: Iterable[_Row], experiment: Experiment) -> list[_Row]:
    """One row for each model, training and corruption: of several kinds, the first of `_KINDS`.

    Models that were trained with no modality clean are meant for that condition.
    """
    first: dict[tuple[str, str, str], _Row] = {}

    def place(row: _Row) -> tuple[bool, int]:
        is_meant = row["kind"] == NONE and experiment.none_clean(row["trained_on"])
        return not is_meant, _KINDS.index(row["kind"])

    for row in sorted(rows, key=place):
        first.setdefault((row["model"], row["trained_on"], row["tested_on"]), row)
    return list(first.values())


def _lines(rows: Sequence[_Row], score: str) -> _Cells:
    """Scores by line; a model that trains on what it meets has its clean data in the same line."""
    cells: _Cells = defaultdict(dict)
    clean = [row for row in rows if row["tested_on"] == row["training"] == CLEAN]
    for row in rows:
        if row not in clean:
            cells[row["model"], row["training"]][row["tested_on"]] = row[score]
    for row in clean:
        has_own = (row["model"], CLEAN) in cells or (row["model"], SAME) not in cells
        cells[row["model"], CLEAN if has_own else SAME][CLEAN] = row[score]
    return cells


def _severity(experiment: Experiment) -> Callable[[str], tuple[bool, str, float]]:
    """The order of corruptions: clean data first, then by noise, the stronger the later."""

    def key(name: str) -> tuple[bool, str, float]:
        severity = experiment.severity(name)
        return (
            name != CLEAN,
            experiment.facts(name).kind,
            0.0 if math.isnan(severity) else severity,
        )

    return key


def _score(value: str | None) -> str:
    if not value:  # nothing was tested, or the measure is undefined
        return "" if value is None else "NaN"
    return minus(f"{float(value):.3f}")


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "   ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
