"""Tables of an experiment, laid out as in the NMER paper and written as csv, Markdown and LaTeX."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from robust_mer.errors import InputError
from robust_mer.evaluation.published import compare, read_published
from robust_mer.evaluation.summary import (
    AVERAGE,
    COMPLETE,
    POOLED,
    SAME,
    SAME_NONE,
    PredictionFile,
    read_snr,
    severity,
    split_name,
    summarise,
)
from robust_mer.files import whole
from robust_mer.protocol import CLEAN, NONE, PARTIAL, letters, parse_trained_on

_MEASURES = ("wa", "ua")
_GROUPS_A_BLOCK = 5
_HEADS = {NONE: "none", COMPLETE: "complete", AVERAGE: "Avg", POOLED: "pooled"}
_SNRS = {"reached": "Nominal SNR (dB)", "true": "True SNR (dB)"}
_SNR_NOTE = (
    "Nominal SNR: what the noise schedule reaches, with noise of power 1. True SNR: with the power "
    "that the noise has on the data. Means over the folds; a letter names the modality where they "
    "differ."
)


@dataclass(frozen=True)
class Row:
    """One line of a table; ``published`` where it holds the paper's numbers, not ours."""

    cells: list[str]
    published: bool = False


@dataclass(frozen=True)
class Table:
    """A table to print: columns of labels, then groups of two columns, WA and UA."""

    caption: str
    labels: list[str]
    groups: list[str]
    rows: list[Row]
    notes: list[str]


def write_tables(
    experiment: dict,
    predictions: dict[tuple[str, str, str], str | Path],
    schedules: dict[str, str | Path],
    published_dir: str | Path,
    folder: str | Path,
) -> None:
    """Write an experiment's tables into ``folder``.

    ``{name}_average`` and ``{name}_conditions`` as csv (tidy, at full precision), md and tex (to
    read; the tex needs booktabs and graphicx), and ``{name}_all.csv`` with every row.

    Args:
        experiment: ``name``, ``corpus``, ``note`` on the corpus (or None), ``published``: the
            paper's name of the corpus (or None), ``models``: class of every model by its name, in
            the order of the lines, ``folds``, ``seeds``, and, where there are such,
            ``given_mask``: names of the models that are told which modalities are corrupted; they
            stand last; ``named``: what the names of ``corruption.named`` stand for; and
            ``one_condition_seed``, by which every utterance counts under one condition only.
        predictions: Path by (model, trained on, tested on).
        schedules: ``schedule.csv`` by corruption, of those that have one.
        published_dir: Where the paper's numbers lie (``resources/published``).
        folder: Where to write.

    Raises:
        InputError: There are no predictions, or a file lacks one of the folds and seeds.
    """
    if not predictions:
        raise InputError(f"experiment {experiment['name']} has no predictions to tabulate")
    published = None
    if experiment.get("published"):
        published = read_published(published_dir, experiment["published"])
    files = [PredictionFile(*key, path) for key, path in predictions.items()]
    summary = summarise(
        files, experiment["folds"], experiment["seeds"], experiment.get("one_condition_seed")
    )
    summary = summary.join(read_snr(schedules, experiment["folds"]), on="tested_on")
    summary = _sort(compare(summary, experiment["models"], published), experiment)
    average = average_table(experiment, summary)
    conditions = conditions_table(experiment, summary)
    # a page holds the lines of one model
    of_models = [
        conditions_table(experiment, rows)
        for _, rows in conditions_rows(summary).groupby("model", sort=False)
    ]
    for name, text in {
        "all.csv": summary.to_csv(index=False),
        "average.csv": average_rows(summary).to_csv(index=False),
        "average.md": to_markdown(average),
        "average.tex": to_latex(average),
        "conditions.csv": conditions_rows(summary).to_csv(index=False),
        "conditions.md": to_markdown(conditions),
        "conditions.tex": "\n".join(to_latex(table) for table in of_models),
    }.items():
        with whole(Path(folder) / f"{experiment['name']}_{name}") as unfinished:
            unfinished.write_text(text, encoding="utf-8")


def average_rows(summary: pd.DataFrame) -> pd.DataFrame:
    """What NMER's Table 2 shows: averages, and the complete condition of data without corruption.

    ``training`` of the latter is that of the model's other rows: a model that is trained on what
    it meets was trained on clean data to meet those.
    """
    with_clean = np.array([parse_trained_on(name)[1] != NONE for name in summary["trained_on"]])
    average = summary[(summary["kind"] == AVERAGE) & with_clean]
    clean = summary[(summary["kind"] == COMPLETE) & (summary["tested_on"] == CLEAN)]
    lines = set(zip(average["model"], average["training"], strict=True))
    training = [
        SAME
        if training == CLEAN and (model, SAME) in lines and (model, CLEAN) not in lines
        else training
        for model, training in zip(clean["model"], clean["training"], strict=True)
    ]
    return pd.concat([clean.assign(training=training), average]).sort_index()


def conditions_rows(summary: pd.DataFrame) -> pd.DataFrame:
    """What NMER's Table 3 shows: every condition of data with corruption."""
    return summary[summary["tested_on"] != CLEAN]


def average_table(experiment: dict, summary: pd.DataFrame) -> Table:
    """The layout of NMER's Table 2: a line per model, a column group per corruption.

    Args:
        experiment: See :func:`write_tables`.
        summary: From :func:`robust_mer.evaluation.summary.read_summary`.
    """
    rows = average_rows(summary)
    columns = rows.drop_duplicates("tested_on")
    columns = columns.assign(
        corrupted=columns["tested_on"] != CLEAN, severity=columns["tested_on"].map(severity)
    ).sort_values(["corrupted", "noise", "severity"])
    heads = [corruption_title(tested_on) for tested_on in columns["tested_on"]]
    return Table(
        f"Experiment {experiment['name']} on {experiment['corpus']}: mean of partial conditions",
        ["Model", "Trained on"],
        heads,
        list(_lay_out(experiment, rows, ["training"], "tested_on", list(columns["tested_on"]))),
        [
            *_average_notes(experiment, summary),
            "clean: no corruption, all modalities.",
            *_snr_notes(columns),
            *_notes(experiment, rows),
        ],
    )


def conditions_table(experiment: dict, summary: pd.DataFrame) -> Table:
    """The layout of NMER's Table 3: a line per model and corruption, a column group per condition.

    The lines are those of the models in ``summary``, which may be a part of the experiment's.

    Args:
        experiment: See :func:`write_tables`.
        summary: From :func:`robust_mer.evaluation.summary.read_summary`.
    """
    rows = conditions_rows(summary)
    has_snr = rows["snr_db"].notna()
    rows = rows.assign(
        noise=rows["noise"].where(has_snr, rows["tested_on"].map(corruption_title)),
        snr=rows["snr_db"].map(_snr),
        column=rows["condition"].where(rows["kind"] == PARTIAL, rows["kind"]),
        **{snr: [_by_modality(row, snr) for _, row in rows.iterrows()] for snr in _SNRS},
    )
    shown = [snr for snr in _SNRS if rows[snr].any()]
    models = list(rows["model"].unique())
    of_model = f" of {models[0]}" if len(models) == 1 else ""
    present = set(rows["column"])
    columns = [name for name in [*partial_conditions(summary), *_HEADS] if name in present]
    return Table(
        f"Experiment {experiment['name']} on {experiment['corpus']}: each condition{of_model}",
        ["Model", "Trained on", "Noise", "SNR (dB)", *[_SNRS[snr] for snr in shown]],
        [_HEADS.get(name, name) for name in columns],
        list(_lay_out(experiment, rows, ["training", "noise", "snr", *shown], "column", columns)),
        [
            "A condition names the clean modalities; the others are corrupted. none: all are "
            "corrupted; complete: none is.",
            *_average_notes(experiment, summary),
            *([_SNR_NOTE] if shown else []),
            *_notes(experiment, rows),
        ],
    )


def partial_conditions(summary: pd.DataFrame) -> list[str]:
    """Conditions with some modalities clean and some not, those with few letters first."""
    partial = summary.loc[summary["kind"] == PARTIAL, "condition"].unique()
    complete = summary.loc[summary["kind"] == COMPLETE, "condition"].unique()
    letters = "".join([*sorted(complete, key=len, reverse=True), *sorted(partial)])
    return sorted(partial, key=lambda name: (len(name), [letters.index(letter) for letter in name]))


def corruption_title(tested_on: str) -> str:
    """A corruption as a reader should see it, e.g. ``gaussian −10 dB``."""
    kind, amount, unit = split_name(tested_on)
    return f"{kind} {_snr(amount)} {unit}" if unit else tested_on


def line_name(experiment: dict, model: str, training: str) -> str:
    """A model in a legend or a sentence, with its training unless it met the same in the test."""
    name = _marked(experiment, model)
    return name if training == SAME else f"{name} (trained on {training})"


def count(number: int, what: str) -> str:
    """A number of things: ``1 fold``, ``10 folds``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def to_markdown(table: Table) -> str:
    """A table in GitHub's Markdown, its caption above and its notes below."""
    columns = [f"{group} {measure.upper()}" for group in table.groups for measure in _MEASURES]
    lines = [
        [escape_markdown(name) for name in [*table.labels, *columns]],
        ["---"] * len(table.labels) + ["---:"] * len(columns),
        *[[escape_markdown(cell) for cell in row.cells] for row in table.rows],
    ]
    body = [f"| {' | '.join(line)} |" for line in lines]
    notes = [f"- {escape_markdown(note)}" for note in table.notes]
    return "\n".join([f"**{escape_markdown(table.caption)}**", "", *body, "", *notes, ""])


def to_latex(table: Table) -> str:
    """A table in LaTeX with booktabs, as wide as the text, its caption above and notes below.

    Five column groups fill the width; further ones stand in a block of their own below.
    """
    blocks = [
        _latex_block(table, slice(start, start + _GROUPS_A_BLOCK))
        for start in range(0, max(len(table.groups), 1), _GROUPS_A_BLOCK)
    ]
    return "\n".join(
        [
            r"% needs \usepackage{booktabs,graphicx}",
            r"\begin{table*}",
            r"\centering",
            rf"\caption{{{escape_latex(table.caption)}}}",
            "\n\\par\\smallskip\n".join(blocks),
            *[rf"\par\smallskip\footnotesize {escape_latex(note)}" for note in table.notes],
            r"\end{table*}",
            "",
        ]
    )


def _latex_block(table: Table, chosen: slice) -> str:
    """The labels and some column groups of a table, without a float around them."""
    labels, groups = len(table.labels), table.groups[chosen]
    cells = slice(labels + 2 * chosen.start, labels + 2 * chosen.stop)
    heads = [rf"\multicolumn{{2}}{{c}}{{{escape_latex(group)}}}" for group in groups]
    lines = [
        [""] * labels + heads,
        [escape_latex(label) for label in table.labels] + ["WA", "UA"] * len(groups),
        *[
            [escape_latex(cell) for cell in row.cells[:labels] + row.cells[cells]]
            for row in table.rows
        ],
    ]
    top, names, *body = [rf"{' & '.join(line)} \\" for line in lines]
    starts = range(labels + 1, labels + 1 + 2 * len(groups), 2)
    return "\n".join(
        [
            r"\resizebox{\textwidth}{!}{%",
            rf"\begin{{tabular}}{{{'l' * labels}{'r' * 2 * len(groups)}}}",
            r"\toprule",
            top,
            *[rf"\cmidrule(lr){{{start}-{start + 1}}}" for start in starts],
            names,
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
        ]
    )


def _sort(summary: pd.DataFrame, experiment: dict) -> pd.DataFrame:
    """Blind models first, in the experiment's order; then rising noise and growing conditions."""
    given_mask = experiment.get("given_mask", [])
    models = sorted(experiment["models"], key=lambda model: model in given_mask)
    conditions = [*partial_conditions(summary), *_HEADS]
    column = summary["condition"].where(summary["kind"] == PARTIAL, summary["kind"])
    keys = pd.DataFrame(
        {
            "model": summary["model"].map(models.index),
            "corrupted": summary["tested_on"] != CLEAN,
            "training": summary["training"],
            "noise": summary["noise"],
            "severity": summary["tested_on"].map(severity),
            "condition": column.map(conditions.index),
        }
    )
    return summary.loc[keys.sort_values(list(keys)).index].reset_index(drop=True)


def _lay_out(
    experiment: dict, rows: pd.DataFrame, labels: list[str], column: str, columns: list[str]
) -> Iterator[Row]:
    """Yield a line per model and label, and below it the paper's numbers where there are some."""
    for (model, *values), line in rows.groupby(["model", *labels], sort=False):
        cells = line.set_index(column).reindex(columns)
        ours = [
            map(_number, cells[f"{measure}_mean"], cells[f"{measure}_sd"]) for measure in _MEASURES
        ]
        yield Row([_marked(experiment, model), *values, *_interleave(*ours)])
        if cells["paper_wa"].notna().any():
            paper = [map(_number, cells[f"paper_{measure}"]) for measure in _MEASURES]
            name = line.loc[line["paper_wa"].notna(), "published_model"].iloc[0]
            ours_alone = [label in _SNRS for label in labels]
            values = ["" if ours else v for v, ours in zip(values, ours_alone, strict=True)]
            yield Row([f"paper: {name}", *values, *_interleave(*paper)], published=True)


def _marked(experiment: dict, model: str) -> str:
    return f"{model} †" if model in experiment.get("given_mask", []) else model


def _average_notes(experiment: dict, summary: pd.DataFrame) -> list[str]:
    partial = partial_conditions(summary)
    notes = [
        "Average: unweighted mean, in every fold and seed, of the conditions in which some "
        f"modalities are clean and some are not ({', '.join(partial) or 'not evaluated here'}), as "
        "far as a model has them."
    ]
    if experiment.get("one_condition_seed") is not None:
        notes.append(
            "Every utterance is tested under one of these conditions, drawn at random, the same "
            "for all models. pooled: all these utterances together; the average gives each "
            "condition the same weight, however many utterances it has."
        )
    found = summary[summary["kind"] == PARTIAL].groupby("tested_on", sort=False)["condition"]
    for tested_on, conditions in found.unique().items():
        if set(conditions) != set(partial):
            few = ", ".join(name for name in partial if name in conditions)
            notes.append(f"Average of {corruption_title(tested_on)}: of {few}, all that it has.")
    for name, named in experiment.get("named", {}).items():
        if isinstance(named, list):
            notes.append(f"{name}: by turns {', '.join(map(corruption_title, named))}.")
        else:
            parts = (f"{modality} {corruption_title(what)}" for modality, what in named.items())
            notes.append(f"{name}: {', '.join(parts)}.")
    return notes


def _snr_notes(columns: pd.DataFrame) -> list[str]:
    """What SNR each corruption of a table has, in one note; none where none has any."""
    found = []
    for _, row in columns.iterrows():
        both = [_by_modality(row, kind) for kind in _SNRS]
        if any(both):
            title = corruption_title(row["tested_on"])
            found.append(f"{title}: {' / '.join(snr or '–' for snr in both)}")
    if not found:
        return []
    return [f"{_SNR_NOTE} Nominal / true SNR in dB: {'; '.join(found)}."]


def _by_modality(row: pd.Series, kind: str) -> str:
    """The SNR of a row's corruption in dB: one number, or one for each modality by its letter."""
    start = f"{kind}_snr_db_"
    found = {name.removeprefix(start): row[name] for name in row.index if name.startswith(start)}
    letter = letters(list(found))
    shown = {m: f"{snr:.1f}".replace("-", "−") for m, snr in found.items() if not np.isnan(snr)}
    if len(shown) == len(found) and len(set(shown.values())) == 1:
        return next(iter(shown.values()))
    return ", ".join(f"{letter[modality]} {snr}" for modality, snr in shown.items())


def _notes(experiment: dict, rows: pd.DataFrame) -> list[str]:
    folds, seeds = len(experiment["folds"]), len(experiment["seeds"])
    spread = "a single value has no standard deviation"
    if folds * seeds > 1:
        spread = f"± is the standard deviation of the {folds * seeds} fold × seed values"
    notes = [
        f"Test part of {experiment['corpus']}, {count(folds, 'fold')}, {count(seeds, 'seed')}; WA "
        "is accuracy, UA the mean recall of the classes, both as fractions; mean over folds, then "
        f"over seeds; {spread}.",
    ]
    trainings = set(rows["training"])
    if SAME in trainings:
        notes.append("same: trained on the corruption of the test, with some modalities clean.")
    if SAME_NONE in trainings:
        notes.append("same, none clean: trained on that corruption of all modalities.")
    if set(rows["model"]) & set(experiment.get("given_mask", [])):
        notes.append("†: is told which modalities are corrupted, the others are not.")
    if rows["paper_wa"].notna().any():
        notes.append("paper: as published for NMER.")
    if experiment.get("note"):
        notes.append(experiment["note"])
    return notes


def _number(mean: float, sd: float = float("nan")) -> str:
    if np.isnan(mean):
        return ""
    return f"{mean:.4f}" if np.isnan(sd) else f"{mean:.4f} ± {sd:.4f}"


def _snr(snr_db: float) -> str:
    return "" if np.isnan(snr_db) else f"{snr_db:g}".replace("-", "−")


def _interleave(first: Iterable[str], second: Iterable[str]) -> list[str]:
    return [cell for pair in zip(first, second, strict=True) for cell in pair]


def escape_markdown(text: str) -> str:
    """A text as a cell or a line of Markdown."""
    return re.sub(r"([\\|*<`])", r"\\\1", text)


_LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": "$<$",
        ">": "$>$",
        "±": r"$\pm$",
        "−": "$-$",
        "×": r"$\times$",
        "†": r"$\dagger$",
    }
)


def escape_latex(text: str) -> str:
    """A text as LaTeX shows it."""
    return text.translate(_LATEX)
