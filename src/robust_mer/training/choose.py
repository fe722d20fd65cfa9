"""The choice of a tuned model's replica among its candidates, on validation data."""

import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robust_mer.errors import InputError
from robust_mer.files import whole, write_text
from robust_mer.jobs import log
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.table import read_numbers
from robust_mer.tasks.task import Task
from robust_mer.training.spec import validation_column

CANDIDATES = ".candidates.csv"
"""Suffix of the table of candidates, beside the replica."""
CANDIDATE, CHOSEN = "candidate", "chosen"
"""Columns of the table of candidates, beside the tuned settings and the selection metric."""


@dataclass(frozen=True)
class ChooseSpec:
    """What a replica is chosen from."""

    candidates: Mapping[str, Mapping[str, Any]]
    """By name, the values that make it one."""
    task: Plugin
    """Its selection metric decides."""


@dataclass(frozen=True)
class ChooseFiles:
    """Files of a choice."""

    checkpoints: list[Path]
    """Of the candidates, in their order."""
    histories: list[Path]
    """Likewise."""
    checkpoint: Path
    """To write: the chosen one's."""
    history: Path
    """To write: the chosen one's."""
    candidates: Path
    """To write: a row per candidate with its settings, its metric, and whether it is chosen."""


def choose_replica(spec: ChooseSpec, files: ChooseFiles, runtime: Runtime) -> None:
    """Publish the candidate with the best selection metric on the validation part.

    The metric is that of the epoch whose weights the candidate keeps. Of equal ones, the first
    counts. Test data are not used.

    Raises:
        InputError: the metric of no candidate is defined.
    """
    import pandas as pd

    task: Task = spec.task.build()
    column = validation_column(task.selection)
    reached = [_reached(history, column) for history in files.histories]
    sign = 1 if task.selection.higher_is_better else -1
    place = max(range(len(reached)), key=lambda one: _order(sign * reached[one]))
    if math.isnan(reached[place]):
        raise InputError(
            f"{files.histories[0]}: the {column} of no candidate is defined; choose another "
            "selection metric, or a fold with a larger validation part"
        )
    rows = [
        {CANDIDATE: name, **tuned, column: value, CHOSEN: one == place}
        for one, ((name, tuned), value) in enumerate(
            zip(spec.candidates.items(), reached, strict=True)
        )
    ]
    write_text(files.candidates, pd.DataFrame(rows).to_csv(index=False))
    for source, target in (
        (files.histories[place], files.history),
        (files.checkpoints[place], files.checkpoint),
    ):
        with whole(target) as unfinished:
            shutil.copyfile(source, unfinished)
    name = list(spec.candidates)[place]
    log.info("%s: validation %s %.3f", name, task.selection.title, reached[place])


def chosen_candidate(checkpoint: Path) -> Path:
    """The checkpoint that a replica of a tuned model is a copy of; of another model, its own.

    Args:
        checkpoint: results/{corpus}/models/{model}/{trained on}/{replica}.safetensors.
    """
    table = checkpoint.with_suffix(CANDIDATES)
    if not table.is_file():
        return checkpoint
    rows = read_numbers(table, [CANDIDATE])
    (name,) = rows.loc[rows[CHOSEN], CANDIDATE]
    return checkpoint.parents[2] / name / checkpoint.parent.name / checkpoint.name


def _reached(history: Path, column: str) -> float:
    """The metric of the epoch whose weights a replica keeps."""
    table = read_numbers(history, [])
    return float(table.loc[table["kept"], column].iloc[0])


def _order(value: float) -> float:
    return -math.inf if math.isnan(value) else value
