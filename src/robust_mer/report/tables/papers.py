"""An experiment's figures in the layout of a paper's table, the published numbers beside them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from robust_mer.report.cells import minus
from robust_mer.report.layouts import SAMPLES, Layout, cell_of, read_layouts, rows_of
from robust_mer.report.spec import Experiment, Results, TableSpec
from robust_mer.report.table import Line, Table
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.tables.own_figures import (
    NOTHING,
    QUANTITIES,
    SETTING,
    Figures,
    read_figures,
)
from robust_mer.report.words import tables as words
from robust_mer.report.words.peeking import NOTE_SELECTS_ON_TEST, marked_paper
from robust_mer.settings import Settings
from robust_mer.table import read_table

if TYPE_CHECKING:
    import pandas as pd


class PaperSettings(Settings):
    """Which table of which paper."""

    layout: str
    """Its name in ``resources/published/layouts.yaml``."""


@dataclass(frozen=True)
class _Laid:
    layout: Layout
    rows: "pd.DataFrame"
    corpora: list[str]


class PaperTable(ResultTable):
    """Our scores in the layout of a paper's table, the published numbers beside them."""

    settings_class = PaperSettings
    title = words.TITLE_PAPERS
    section = "papers"
    reads = (
        "summary",
        "intervals",
        "comparisons",
        "utterances",
        "folds",
        "layouts",
        "published",
    )
    settings: PaperSettings

    def read(self, spec: TableSpec, files: Results) -> _Laid:
        """Our scores, laid out, and the corpora of the published table."""
        experiment = spec.experiment
        path = files.path("layouts")
        layout = read_layouts(path)[self.settings.layout]
        numbers = read_numbers(layout, path.parent)
        corpora = [] if numbers is None else list(numbers["corpus"].unique())
        dataset = experiment.published or experiment.corpus
        if layout.get("kind") == SAMPLES:
            utterances, folds = files.path("utterances"), files.path("folds")
            rows = samples(layout, dataset, experiment.folds, utterances, folds, numbers)
        else:
            rows = lay_out(layout, dataset, read_figures(experiment, files), numbers)
        return _Laid(layout, rows, corpora)

    def rows(self, spec: TableSpec, data: _Laid) -> "pd.DataFrame":
        """A line for each of the table's lines and `QUANTITIES`."""
        return laid_csv(data.layout, data.rows)

    def tables(self, spec: TableSpec, data: _Laid) -> list[Table]:
        """One table."""
        experiment, layout = spec.experiment, data.layout
        caption = words.paper_caption(
            layout["paper"], experiment.name, experiment.corpus, layout["caption"]
        )
        notes = _notes(experiment, layout, data.corpora, data.rows)
        return [laid_table(layout, data.rows, caption, notes)]


def lay_out(
    layout: Layout, dataset: str, figures: Figures, published: "pd.DataFrame | None"
) -> "pd.DataFrame":
    """Lay figures into a paper's table.

    A class that several models have takes several lines; models of other classes stand below where
    the layout has ``others``. What a model lacks is NaN.

    Args:
        layout: See `robust_mer.evaluation.layouts.read_layouts`.
        dataset: What the column ``Dataset`` says.
        figures: Ours.
        published: The published numbers of that corpus, or None.

    Returns:
        A row per cell and measure, in the table's order: ``dataset, label, head`` (the heads from
        the top down, the measure last, a tuple), ``line`` (its number), ``model`` (empty where no
        model is of the class), ``class, trained_on, tested_on, condition, measure``,
        ``selects_on_test`` (whether the published number's epoch was chosen on test data) and
        `QUANTITIES`; ``n`` counts the values, of folds and seeds, behind ``mean`` and ``sd``, and
        ``low, high`` is the bootstrap's interval.
    """
    import pandas as pd

    rows = []
    for line, (label, cells) in enumerate(_lines(layout, figures)):
        for column, cell in zip(layout["columns"], cells, strict=True):
            for measure, title in layout["measures"].items():
                rows.append(
                    {
                        "line": line,
                        "dataset": dataset,
                        "label": label,
                        "head": (*column["head"], title),
                        **{name: cell[name] for name in ("model", "class", *SETTING[1:])},
                        "measure": measure,
                        **figures.find(cell["model"], cell, measure, layout.get("over", [])),
                        "published": _published(cell, dataset, measure, published),
                        "selects_on_test": cell.get("selects_on_test", False),
                    }
                )
    table = pd.DataFrame(rows)
    table["difference"] = table["mean"] - table["published"]
    there = table.groupby("line")["mean"].transform("count") > 0
    return table[there | (table["class"] != "")].reset_index(drop=True)


def _lines(layout: Layout, figures: Figures) -> Iterator[tuple[str, list[Layout]]]:
    """Yield label and cells of each line; a cell has a ``model``, empty where there is none."""
    classes = set()
    for row, cells in rows_of(layout):
        models = [figures.models_of(cell["class"]) for cell in cells]
        classes |= {cell["class"] for cell in cells}
        lines = max(1, *map(len, models))
        for line in range(lines):
            own = [(some[line : line + 1] or [""])[0] for some in models]
            several = lines > 1 and len(set(own)) == 1
            yield (
                f"{row['label']} ({own[0]})" if several else row["label"],
                [cell | {"model": model} for cell, model in zip(cells, own, strict=True)],
            )
    for model in figures.others(classes) if layout.get("others") else []:
        cells = [cell_of(layout, {"class": "", "model": model}, c) for c in layout["columns"]]
        for cell in cells:
            cell["trained_on"] = figures.trained_on(model, cell["trained_on"])
            cell["published"] = {}
        yield model, cells


def _published(cell: Layout, dataset: str, measure: str, published: "pd.DataFrame | None") -> float:
    """The published number of a cell, NaN where there is none."""
    if published is None or not cell["published"]:
        return float("nan")
    rows = published
    for name, value in {"corpus": dataset, **cell["published"]}.items():
        rows = rows[rows[name] == value]
    return float(rows[measure].iloc[0]) if len(rows) else float("nan")


def read_numbers(layout: Layout, published_dir: Path) -> "pd.DataFrame | None":
    """The published numbers of a layout; None where there are none."""
    import pandas as pd

    return pd.read_csv(published_dir / layout["numbers"]) if "numbers" in layout else None


def samples(
    layout: Layout,
    dataset: str,
    folds: Sequence[int],
    utterances_csv: Path,
    folds_csv: Path,
    published: "pd.DataFrame | None",
) -> "pd.DataFrame":
    """The sizes of classes and parts, in the layout of NMER's Table 1.

    The training and the test part are those of the first fold, as in the paper; ``low, high`` are
    the smallest and the largest of all folds. Classes are counted over all utterances that train
    or test.

    Returns:
        As `lay_out`.

    Raises:
        ValueError: The layout names no published numbers.
    """
    import pandas as pd

    if published is None:
        raise ValueError(f"the layout of sizes for {layout['paper']} lacks `numbers`: add the file")
    parts, index = read_table(folds_csv), read_table(utterances_csv).set_index("utterance")
    parts = parts[parts["fold"].isin([str(fold) for fold in folds])]
    sizes = parts.groupby(["fold", "part"]).size().unstack(fill_value=0)
    used = parts.loc[parts["part"].isin(["train", "test"]), "utterance"].unique()
    classes = index.loc[used, "label"].value_counts()
    published = published[published["corpus"] == dataset].set_index("class")
    rows = []
    for line, label in enumerate(dict.fromkeys([*published.index, *sorted(classes.index)])):
        found = {"samples": [classes.get(label, 0)]}
        if line == 0:
            found |= {
                p: list(sizes.loc[[str(fold) for fold in folds], p]) for p in ("train", "test")
            }
        for column, head in layout["columns"].items():
            there = column in found
            rows.append(
                {
                    "line": line,
                    "dataset": dataset,
                    "label": label,
                    "head": (head,),
                    **dict.fromkeys(["model", "class", *SETTING[1:]], ""),
                    "measure": column,
                    **NOTHING,
                    **(
                        {
                            "mean": found[column][0],
                            "low": min(found[column]),
                            "high": max(found[column]),
                            "n": len(found[column]),
                        }
                        if there
                        else {}
                    ),
                    "published": published[column].get(label, math.nan) if there else math.nan,
                    "selects_on_test": False,
                }
            )
    table = pd.DataFrame(rows)
    table["difference"] = table["mean"] - table["published"]
    return table


def laid_csv(layout: Layout, table: "pd.DataFrame") -> "pd.DataFrame":
    """A laid-out table as wide as the paper's: a line for each of its lines and `QUANTITIES`."""
    import pandas as pd

    rows = []
    for _, line in table.groupby("line", sort=False):
        first = line.iloc[0]
        labels = dict(zip(layout["labels"][::-1], [first["label"], first["dataset"]], strict=False))
        for quantity in QUANTITIES:
            cells = zip((" / ".join(head) for head in line["head"]), line[quantity], strict=True)
            rows.append(
                {**{k: labels[k] for k in layout["labels"]}, "quantity": quantity, **dict(cells)}
            )
    return pd.DataFrame(rows)


def laid_table(layout: Layout, table: "pd.DataFrame", caption: str, notes: list[str]) -> Table:
    """A laid-out table to print; published number and difference stand below ours."""
    blocks, above = [], None
    form = "{:.0f}" if layout.get("kind") == SAMPLES else "{:.4f}"
    for _, line in table.groupby("line", sort=False):
        lines = {words.OURS: [_number(mean, form) for mean in line["mean"]]}
        if layout.get("kind") == SAMPLES:
            ends = zip(line["low"], line["high"], strict=True)
            spread = [f"{low:.0f} to {high:.0f}" if low < high else "" for low, high in ends]
            lines[words.FOLDS] = spread
        else:
            pairs = zip(line["sd"], line["n"], strict=True)
            lines[words.SPREAD] = [_spread(sd, n) for sd, n in pairs]
        paper = marked_paper(words.PAPER, bool(line["selects_on_test"].any()))
        lines[paper] = [_number(number, form) for number in line["published"]]
        signed = form.replace(":", ":+")
        lines[words.DIFFERENCE] = [_number(number, signed) for number in line["difference"]]
        dataset, label = line.iloc[0]["dataset"], line.iloc[0]["label"]
        labels = [dataset if dataset != above else "", label][-len(layout["labels"]) :]
        above = dataset
        shown = [name for name, cells in lines.items() if name == words.OURS or any(cells)]
        blocks.append(
            [
                Line(
                    [*(labels if name == words.OURS else [""] * len(labels)), name, *lines[name]],
                    published=name == paper,
                )
                for name in shown
            ]
        )
    heads = list(table.loc[table["line"] == table["line"].iloc[0], "head"])
    return Table(caption, [*layout["labels"], ""], heads, blocks, notes)


def _spread(sd: float, n: float) -> str:
    if math.isnan(n):
        return ""
    return f"({n:.0f})" if math.isnan(sd) else f"{sd:.4f} ({n:.0f})"


def _number(number: float, form: str) -> str:
    return "" if math.isnan(number) else minus(form.format(number))


def _notes(
    experiment: Experiment, layout: Layout, corpora: list[str], laid: "pd.DataFrame"
) -> list[str]:
    notes = []
    if corpora and experiment.published not in corpora:
        notes.append(words.note_other_corpora(corpora, experiment.corpus))
    if "note" in layout:
        notes.append(layout["note"])
    folds, seeds = len(experiment.folds), len(experiment.seeds)
    is_of_sizes = layout.get("kind") == SAMPLES
    notes.append(words.note_sizes(folds) if is_of_sizes else words.note_layout(folds, seeds))
    if laid["selects_on_test"].any():
        notes.append(NOTE_SELECTS_ON_TEST)
    if aware := [m for m in experiment.is_mask_aware if m in set(laid["model"])]:
        notes.append(words.note_mask_aware(aware))
    if experiment.note:
        notes.append(experiment.note)
    return notes
