"""The lines and notes that the tables of all scores share."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from robust_mer.conditions import PARTIAL, letters
from robust_mer.evaluation.experiment import SAME, SAME_NONE, Experiment
from robust_mer.report.cells import mean_sd, minus
from robust_mer.report.names import corruption_title, marked
from robust_mer.report.table import Line
from robust_mer.report.words import tables as words
from robust_mer.table import groups, records

if TYPE_CHECKING:
    import pandas as pd

GROUPS_ABREAST = 5
_MEASURES_ABREAST = 3


def has_many_measures(experiment: Experiment) -> bool:
    """Whether groups of columns would be too wide, so that a line has one group only."""
    return len(experiment.measures) > _MEASURES_ABREAST


def lay_out(
    experiment: Experiment,
    rows: "pd.DataFrame",
    labels: list[str],
    column: str | None = None,
    columns: Sequence[str] = ("",),
) -> Iterator[Line]:
    """Yield a line per model and label, and below it the paper's numbers where there are some.

    Args:
        experiment: The experiment.
        rows: Of a summary.
        labels: Columns that tell lines apart.
        column: Tells groups of columns apart; None: there is one group.
        columns: Its values, in the order of the groups.
    """
    if column is None:
        rows, column = rows.assign(only=""), "only"
    measures = [metric.name for metric in experiment.measures]
    for (model, *values), line in groups(rows, ["model", *labels]):
        cells = line.set_index(column).reindex(list(columns))
        ours = [_cell(row, measure) for row in records(cells) for measure in measures]
        yield Line([marked(experiment, model), *values, *ours])
        if has_paper(experiment, cells).any():
            paper = [
                mean_sd(row[f"paper_{measure}"]) for row in records(cells) for measure in measures
            ]
            name = line.loc[has_paper(experiment, line), "published_model"].iloc[0]
            values = [
                "" if label in words.SNRS else value
                for value, label in zip(values, labels, strict=True)
            ]
            yield Line([f"{words.PAPER}: {name}", *values, *paper], published=True)


def _cell(row: Mapping[str, float], measure: str) -> str:
    """Mean and standard deviation; empty where nothing was tested, NaN of an undefined measure."""
    is_undefined = math.isnan(row[f"{measure}_mean"]) and not math.isnan(row["seeds"])
    return (
        words.UNDEFINED if is_undefined else mean_sd(row[f"{measure}_mean"], row[f"{measure}_sd"])
    )


def has_paper(experiment: Experiment, rows: "pd.DataFrame") -> "pd.Series":
    """Rows beside which published numbers stand."""
    papers = [f"paper_{metric.name}" for metric in experiment.measures]
    return rows[papers].notna().any(axis=1)


def by_modality(row: Mapping[str, float], kind: str) -> str:
    """The SNR of a row's corruption in dB: one number, or one for each modality by its letter.

    Args:
        row: Of a summary.
        kind: ``reached`` (nominal) or ``true``.
    """
    start = f"{kind}_snr_db_"
    snrs = {name.removeprefix(start): row[name] for name in row if name.startswith(start)}
    letter = letters(list(snrs))
    shown = {m: minus(f"{snr:.1f}") for m, snr in snrs.items() if not math.isnan(snr)}
    if len(shown) == len(snrs) and len(set(shown.values())) == 1:
        return next(iter(shown.values()))
    return ", ".join(f"{letter[modality]} {snr}" for modality, snr in shown.items())


def average_notes(experiment: Experiment, summary: "pd.DataFrame") -> list[str]:
    """What averages are of, and what the experiment's named corruptions stand for."""
    from robust_mer.evaluation.order import partial_conditions

    partial = partial_conditions(summary)
    notes = [words.note_average(partial)]
    if experiment.one_condition_seed is not None:
        notes.append(words.NOTE_ONE_CONDITION)
    of_partial = summary[summary["kind"] == PARTIAL].groupby("tested_on", sort=False)
    for tested_on, conditions in of_partial["condition"].unique().items():
        if set(conditions) != set(partial):
            fewer = [name for name in partial if name in conditions]
            title = corruption_title(experiment, str(tested_on))
            notes.append(words.note_fewer_conditions(title, fewer))
    for name, named in experiment.named.items():
        if isinstance(named, Mapping):
            titles = {key: corruption_title(experiment, one) for key, one in named.items()}
            notes.append(words.note_by_modality(name, titles))
        else:
            turns = [corruption_title(experiment, one) for one in named]
            notes.append(words.note_by_turns(name, turns))
    return notes


def snr_notes(experiment: Experiment, columns: "pd.DataFrame") -> list[str]:
    """What SNR each corruption of a table has, in one note; none where none has any."""
    snrs = {}
    for row in records(columns):
        both = [by_modality(row, kind) for kind in words.SNRS]
        if any(both):
            snrs[corruption_title(experiment, row["tested_on"])] = both
    return [words.note_snrs(snrs)] if snrs else []


def notes(experiment: Experiment, rows: "pd.DataFrame") -> list[str]:
    """What was measured, and what marks and names of trainings mean."""
    lines = [
        words.note_measures(
            experiment.corpus,
            len(experiment.folds),
            len(experiment.seeds),
            {metric.title: metric.definition for metric in experiment.measures},
            [metric.title for metric in experiment.measures if metric.is_fraction],
        )
    ]
    trainings = set(rows["training"])
    if SAME in trainings:
        lines.append(words.NOTE_SAME)
    if SAME_NONE in trainings:
        lines.append(words.NOTE_SAME_NONE)
    if set(rows["model"]) & set(experiment.is_mask_aware):
        lines.append(words.NOTE_MASK_AWARE)
    if has_paper(experiment, rows).any():
        lines.append(words.NOTE_PAPER)
    if experiment.note:
        lines.append(experiment.note)
    return lines


def heads(experiment: Experiment, groups: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """A head for every group of columns and measure; for every measure if there are no groups."""
    if not groups:
        return [(metric.title,) for metric in experiment.measures]
    return [(group, metric.title) for group in groups for metric in experiment.measures]
