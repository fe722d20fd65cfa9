"""Tables of an experiment, laid out as in the NMER paper and written as csv, Markdown and LaTeX."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from robust_mer.corruption.names import CLEAN, NONE, PARTIAL
from robust_mer.errors import InputError
from robust_mer.evaluation.published import compare, read_published
from robust_mer.evaluation.summary import (
    AVERAGE,
    COMPLETE,
    SAME,
    SAME_NONE,
    PredictionFile,
    summarise,
)
from robust_mer.files import whole

_MEASURES = ("wa", "ua")
_GROUPS_A_BLOCK = 5
_HEADS = {NONE: "none", COMPLETE: "complete", AVERAGE: "Avg"}


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
            stand last.
        predictions: Path by (model, trained on, tested on).
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
    summary = summarise(files, experiment["folds"], experiment["seeds"])
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
    average = summary[(summary["kind"] == AVERAGE) & (summary["training"] != SAME_NONE)]
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
    columns = columns.assign(corrupted=columns["tested_on"] != CLEAN).sort_values(
        ["corrupted", "noise", "snr_db"], ascending=[True, True, False]
    )
    heads = [
        corruption_title(*pair) for pair in zip(columns["noise"], columns["snr_db"], strict=True)
    ]
    return Table(
        f"Experiment {experiment['name']} on {experiment['corpus']}: mean of partial conditions",
        ["Model", "Trained on"],
        heads,
        list(_lay_out(experiment, rows, ["training"], "tested_on", list(columns["tested_on"]))),
        [
            _average_note(summary),
            "clean: no corruption, all modalities.",
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
    rows = rows.assign(
        snr=rows["snr_db"].map(_snr),
        column=rows["condition"].where(rows["kind"] == PARTIAL, rows["kind"]),
    )
    models = list(rows["model"].unique())
    of_model = f" of {models[0]}" if len(models) == 1 else ""
    present = set(rows["column"])
    columns = [name for name in [*partial_conditions(summary), *_HEADS] if name in present]
    return Table(
        f"Experiment {experiment['name']} on {experiment['corpus']}: each condition{of_model}",
        ["Model", "Trained on", "Noise", "SNR (dB)"],
        [_HEADS.get(name, name) for name in columns],
        list(_lay_out(experiment, rows, ["training", "noise", "snr"], "column", columns)),
        [
            "A condition names the clean modalities; the others are corrupted. none: all are "
            "corrupted; complete: none is.",
            _average_note(summary),
            *_notes(experiment, rows),
        ],
    )


def partial_conditions(summary: pd.DataFrame) -> list[str]:
    """Conditions with some modalities clean and some not, those with few letters first."""
    partial = summary.loc[summary["kind"] == PARTIAL, "condition"].unique()
    complete = summary.loc[summary["kind"] == COMPLETE, "condition"].unique()
    letters = "".join([*sorted(complete, key=len, reverse=True), *sorted(partial)])
    return sorted(partial, key=lambda name: (len(name), [letters.index(letter) for letter in name]))


def corruption_title(noise: str, snr_db: float) -> str:
    """A corruption as a reader should see it, e.g. ``gaussian −10 dB``."""
    return noise if np.isnan(snr_db) else f"{noise} {_snr(snr_db)} dB"


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
        [_markdown(name) for name in [*table.labels, *columns]],
        ["---"] * len(table.labels) + ["---:"] * len(columns),
        *[[_markdown(cell) for cell in row.cells] for row in table.rows],
    ]
    body = [f"| {' | '.join(line)} |" for line in lines]
    notes = [f"- {_markdown(note)}" for note in table.notes]
    return "\n".join([f"**{_markdown(table.caption)}**", "", *body, "", *notes, ""])


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
            rf"\caption{{{_latex(table.caption)}}}",
            "\n\\par\\smallskip\n".join(blocks),
            *[rf"\par\smallskip\footnotesize {_latex(note)}" for note in table.notes],
            r"\end{table*}",
            "",
        ]
    )


def _latex_block(table: Table, chosen: slice) -> str:
    """The labels and some column groups of a table, without a float around them."""
    labels, groups = len(table.labels), table.groups[chosen]
    cells = slice(labels + 2 * chosen.start, labels + 2 * chosen.stop)
    heads = [rf"\multicolumn{{2}}{{c}}{{{_latex(group)}}}" for group in groups]
    lines = [
        [""] * labels + heads,
        [_latex(label) for label in table.labels] + ["WA", "UA"] * len(groups),
        *[[_latex(cell) for cell in row.cells[:labels] + row.cells[cells]] for row in table.rows],
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
            "snr": -summary["snr_db"],
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
            yield Row([f"paper: {name}", *values, *_interleave(*paper)], published=True)


def _marked(experiment: dict, model: str) -> str:
    return f"{model} †" if model in experiment.get("given_mask", []) else model


def _average_note(summary: pd.DataFrame) -> str:
    partial = ", ".join(partial_conditions(summary)) or "not evaluated here"
    return (
        "Average: unweighted mean, in every fold and seed, of the conditions in which some "
        f"modalities are clean and some are not ({partial}), as far as a model has them."
    )


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


def _markdown(text: str) -> str:
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


def _latex(text: str) -> str:
    return text.translate(_LATEX)
