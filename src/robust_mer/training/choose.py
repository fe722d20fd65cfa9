"""The choice of a tuned model's replicas among its candidates, on validation data."""

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robust_mer.errors import InputError
from robust_mer.files import whole, write_text
from robust_mer.jobs import log
from robust_mer.metrics.metric import Metric
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.table import read_numbers
from robust_mer.tasks.task import Task
from robust_mer.training.spec import validation_column

CANDIDATE, CHOSEN = "candidate", "chosen"
"""Columns of the table of candidates, beside the tuned settings and the selection metric."""


@dataclass(frozen=True)
class ChooseSpec:
    """What replicas are chosen from."""

    candidates: Mapping[str, Mapping[str, Any]]
    """By name, the values that make it one."""
    task: Plugin
    """Its selection metric decides."""


@dataclass(frozen=True)
class ChooseFiles:
    """Files of the choice of R replicas."""

    trained: list[Path]
    """Checkpoints: every replica of the first candidate, then of the second, and so on."""
    trained_histories: list[Path]
    """Likewise."""
    checkpoints: list[Path]
    """To write [R]: those that are chosen."""
    histories: list[Path]
    """To write [R]: their histories."""
    candidates: list[Path]
    """To write [R]: a row per candidate with its settings, its metric, and whether it is chosen."""


def choose_replicas(spec: ChooseSpec, files: ChooseFiles, runtime: Runtime) -> None:
    """Publish, of each replica, the candidate with the best metric on the validation part.

    The metric is the selection metric of the epoch whose weights the candidate keeps. Of equal
    ones, the first counts; one that diverged has none. Test data are not used.

    Raises:
        InputError: the metric of no candidate is defined.
    """
    task: Task = spec.task.build()
    replicas = len(files.checkpoints)
    for replica, outputs in enumerate(
        zip(files.checkpoints, files.histories, files.candidates, strict=True)
    ):
        histories = files.trained_histories[replica::replicas]
        place = _choose(spec.candidates, histories, task.selection, outputs[2])
        for source, target in (
            (histories[place], outputs[1]),
            (files.trained[replica::replicas][place], outputs[0]),
        ):
            with whole(target) as unfinished:
                shutil.copyfile(source, unfinished)


def _choose(
    candidates: Mapping[str, Mapping[str, Any]],
    histories: Sequence[Path],
    metric: Metric,
    written: Path,
) -> int:
    """The place of the best candidate; writes the table of all."""
    import pandas as pd

    column = validation_column(metric)
    reached = [_reached(history, column) for history in histories]
    sign = 1 if metric.higher_is_better else -1
    order = [-math.inf if math.isnan(value) else sign * value for value in reached]
    place = order.index(max(order))
    if math.isnan(reached[place]):
        raise InputError(
            f"{histories[0].name}: no candidate of {', '.join(candidates)} has a {column}. They "
            "diverged (see their logs): tune over smaller learning rates. Or the metric is "
            "undefined: choose another selection metric, or folds with a larger validation part"
        )
    rows = [
        {CANDIDATE: name, **values, column: value, CHOSEN: one == place}
        for one, ((name, values), value) in enumerate(zip(candidates.items(), reached, strict=True))
    ]
    write_text(written, pd.DataFrame(rows).to_csv(index=False))
    name = rows[place][CANDIDATE]
    log.info("%s: %s, validation %s %.3f", written.name, name, metric.title, reached[place])
    return place


def _reached(history: Path, column: str) -> float:
    """The metric of the epoch whose weights a replica keeps."""
    table = read_numbers(history, [])
    return float(table.loc[table["kept"], column].iloc[0])
