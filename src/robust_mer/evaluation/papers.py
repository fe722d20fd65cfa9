"""An experiment's figures in the layout of a paper's table, the published numbers beside them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from robust_mer.evaluation.grid import Grid, grid_latex, grid_markdown
from robust_mer.evaluation.layouts import (
    GAIN,
    SAMPLES,
    cell_of,
    read_layouts,
    rows_of,
)
from robust_mer.evaluation.summary import AVERAGE, COMPLETE, read_statistics, read_summary
from robust_mer.evaluation.tables import count
from robust_mer.files import whole
from robust_mer.protocol import CLEAN
from robust_mer.table import read_table

FILES = ("summary", "intervals", "comparisons", "utterances", "folds")
"""What a paper's table is laid out from: three of an experiment's tables, and the corpus' own."""

QUANTITIES = ["mean", "sd", "n", "low", "high", "published", "difference"]
_NOTHING = dict.fromkeys(QUANTITIES[:5], float("nan"))
_SETTING = ["model", "trained_on", "tested_on", "condition"]
_DATASET = "Dataset"


class Figures:
    """An experiment's figures, to be found by what a cell of a paper's table stands for.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        summary: ``{name}_all.csv``.
        intervals: ``{name}_intervals.csv``.
        comparisons: ``{name}_comparisons.csv``.
    """

    def __init__(
        self,
        experiment: dict,
        summary: pd.DataFrame,
        intervals: pd.DataFrame,
        comparisons: pd.DataFrame,
    ) -> None:
        self._classes = experiment["models"]
        ends = [f"{measure}_{end}" for measure in ("wa", "ua") for end in ("low", "high")]
        table = summary.merge(intervals[[*_SETTING, *ends]], on=_SETTING, validate="one_to_one")
        # a model of one modality has one letter, by which the papers name a condition of all three
        table["condition"] = table["condition"].mask(table["kind"] == COMPLETE, COMPLETE)
        self._figures = table.set_index(_SETTING).to_dict("index")
        trained = summary.groupby("model")["trained_on"].agg(set)
        self._only_clean = {model for model, names in trained.items() if names == {CLEAN}}
        self._comparisons = comparisons[comparisons["condition"] == AVERAGE]

    def models_of(self, kind: str) -> list[str]:
        """The models of a class."""
        return [model for model, of_class in self._classes.items() if of_class == kind]

    def others(self, classes: set[str]) -> list[str]:
        """The models of other classes than these."""
        return [model for model, kind in self._classes.items() if kind not in classes]

    def trained_on(self, model: str, trained_on: str) -> str:
        """``trained_on``, unless the model is trained on clean data alone."""
        return CLEAN if model in self._only_clean else trained_on

    def find(self, model: str, cell: dict, measure: str, over: list[str]) -> dict:
        """``mean, sd, n, low, high`` of a cell; NaN where there is no such figure.

        Args:
            model: Its name.
            cell: ``trained_on, tested_on, condition``.
            measure: ``wa`` or ``ua``.
            over: Classes that a gain is measured against.
        """
        if cell["condition"] == GAIN:
            return self._gain(model, cell, measure, over)
        found = self._figures.get((model, *(cell[name] for name in _SETTING[1:])))
        if found is None:
            return _NOTHING
        return {
            "n": found["folds"] * found["seeds"],
            **{name: found[f"{measure}_{name}"] for name in ("mean", "sd", "low", "high")},
        }

    def _gain(self, model: str, cell: dict, measure: str, over: list[str]) -> dict:
        rows = self._comparisons
        rows = rows[(rows["tested_on"] == cell["tested_on"]) & (rows["measure"] == measure)]
        found = []
        for row in rows.to_dict("records"):
            pair = (row["model"], row["trained_on"]), (row["other"], row["other_trained_on"])
            own = model, cell["trained_on"]
            if own not in pair:
                continue
            sign = 1 if own == pair[0] else -1
            if self._classes[pair[pair.index(own) - 1][0]] in over:
                ends = sorted([sign * row["low"], sign * row["high"]])
                found.append(
                    {
                        "n": row["folds"],
                        "mean": sign * row["difference"],
                        "sd": row["difference_sd"],
                        "low": ends[0],
                        "high": ends[1],
                    }
                )
        return min(found, key=lambda gain: gain["mean"], default=_NOTHING)


def lay_out(
    layout: dict, dataset: str, figures: Figures, published: pd.DataFrame | None
) -> pd.DataFrame:
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
        model is of the class), ``class, trained_on, tested_on, condition, measure`` and
        `QUANTITIES`; ``n`` counts the values, of folds and seeds, behind ``mean`` and ``sd``, and
        ``low, high`` is the bootstrap's interval.
    """
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
                        **{name: cell[name] for name in ("model", "class", *_SETTING[1:])},
                        "measure": measure,
                        **figures.find(cell["model"], cell, measure, layout.get("over", [])),
                        "published": _published(cell, dataset, measure, published),
                    }
                )
    table = pd.DataFrame(rows)
    table["difference"] = table["mean"] - table["published"]
    there = table.groupby("line")["mean"].transform("count") > 0
    return table[there | (table["class"] != "")].reset_index(drop=True)


def _lines(layout: dict, figures: Figures) -> Iterator[tuple[str, list[dict]]]:
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


def _published(cell: dict, dataset: str, measure: str, published: pd.DataFrame | None) -> float:
    """The published number of a cell, NaN where there is none."""
    if published is None or not cell["published"]:
        return float("nan")
    wanted = {"corpus": dataset, **cell["published"]}
    rows = published[np.all([published[name] == value for name, value in wanted.items()], axis=0)]
    return float(rows[measure].iloc[0]) if len(rows) else float("nan")


def read_numbers(layout: dict, published_dir: str | Path) -> pd.DataFrame | None:
    """The published numbers of a layout; None where there are none."""
    return pd.read_csv(Path(published_dir) / layout["numbers"]) if "numbers" in layout else None


def samples(
    layout: dict,
    dataset: str,
    folds: list[int],
    utterances_csv: str | Path,
    folds_csv: str | Path,
    published: pd.DataFrame,
) -> pd.DataFrame:
    """The sizes of classes and parts, in the layout of NMER's Table 1.

    The training and the test part are those of the first fold, as in the paper; ``low, high`` are
    the smallest and the largest of all folds. Classes are counted over all utterances that train
    or test.

    Returns:
        As `lay_out`.
    """
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
            found |= {p: list(sizes.loc[map(str, folds), p]) for p in ("train", "test")}
        for column, head in layout["columns"].items():
            there = column in found
            rows.append(
                {
                    "line": line,
                    "dataset": dataset,
                    "label": label,
                    "head": (head,),
                    **dict.fromkeys(["model", "class", *_SETTING[1:]], ""),
                    "measure": column,
                    **_NOTHING,
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
                    "published": published[column].get(label, np.nan) if there else np.nan,
                }
            )
    table = pd.DataFrame(rows)
    table["difference"] = table["mean"] - table["published"]
    return table


def laid_csv(layout: dict, table: pd.DataFrame) -> pd.DataFrame:
    """A laid-out table as wide as the paper's: a line for each of its lines and `QUANTITIES`."""
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


def laid_grid(layout: dict, table: pd.DataFrame, caption: str, notes: list[str]) -> Grid:
    """A laid-out table to print; published number and difference stand below ours."""
    blocks, above = [], None
    form = "{:.0f}" if layout.get("kind") == SAMPLES else "{:.4f}"
    for _, line in table.groupby("line", sort=False):
        lines = {"ours": [_number(mean, form) for mean in line["mean"]]}
        if layout.get("kind") == SAMPLES:
            ends = zip(line["low"], line["high"], strict=True)
            spread = [f"{low:.0f} to {high:.0f}" if low < high else "" for low, high in ends]
            lines["folds"] = spread
        else:
            pairs = zip(line["sd"], line["n"], strict=True)
            lines["± sd (n)"] = [_spread(sd, n) for sd, n in pairs]
        lines["paper"] = [_number(number, form) for number in line["published"]]
        signed = form.replace(":", ":+")
        lines["ours − paper"] = [_number(number, signed) for number in line["difference"]]
        dataset, label = line.iloc[0]["dataset"], line.iloc[0]["label"]
        labels = [dataset if dataset != above else "", label][-len(layout["labels"]) :]
        above = dataset
        shown = [name for name, cells in lines.items() if name == "ours" or any(cells)]
        blocks.append(
            [
                [*(labels if name == "ours" else [""] * len(labels)), name, *lines[name]]
                for name in shown
            ]
        )
    heads = list(table.loc[table["line"] == table["line"].iloc[0], "head"])
    return Grid(caption, [*layout["labels"], ""], heads, blocks, notes)


def _spread(sd: float, n: float) -> str:
    if np.isnan(n):
        return ""
    return f"({n:.0f})" if np.isnan(sd) else f"{sd:.4f} ({n:.0f})"


def _number(number: float, form: str) -> str:
    return "" if np.isnan(number) else form.format(number).replace("-", "−")


def write_paper_table(
    experiment: dict,
    table: str,
    results: dict[str, str | Path],
    layouts_yaml: str | Path,
    folder: str | Path,
) -> None:
    """Write ``{experiment}_{table}`` as csv, md and tex, in the layout of a paper's table.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        table: Its name among the layouts.
        results: Paths by the names of `FILES`; the first three as `Figures` takes them.
        layouts_yaml: ``resources/published/layouts.yaml``; the published numbers lie beside it.
        folder: Where to write.
    """
    layout = read_layouts(layouts_yaml)[table]
    numbers = read_numbers(layout, Path(layouts_yaml).parent)
    corpora = [] if numbers is None else list(numbers["corpus"].unique())
    dataset = experiment.get("published") or experiment["corpus"]
    if layout.get("kind") == SAMPLES:
        laid = samples(
            layout, dataset, experiment["folds"], results["utterances"], results["folds"], numbers
        )
    else:
        laid = lay_out(layout, dataset, read_figures(experiment, results), numbers)
    caption = f"{layout['paper']}, with experiment {experiment['name']} on {experiment['corpus']}."
    grid = laid_grid(
        layout, laid, f"{caption} {layout['caption']}", _notes(experiment, layout, corpora, laid)
    )
    for suffix, text in {
        "csv": laid_csv(layout, laid).to_csv(index=False),
        "md": grid_markdown(grid),
        "tex": grid_latex(grid),
    }.items():
        with whole(Path(folder) / f"{experiment['name']}_{table}.{suffix}") as unfinished:
            unfinished.write_text(text, encoding="utf-8")


def read_figures(experiment: dict, results: dict[str, str | Path]) -> Figures:
    """`Figures` of an experiment from its files."""
    return Figures(
        experiment,
        read_summary(results["summary"]),
        read_statistics(results["intervals"]),
        read_statistics(results["comparisons"]),
    )


def _notes(experiment: dict, layout: dict, corpora: list[str], laid: pd.DataFrame) -> list[str]:
    notes = []
    if corpora and experiment.get("published") not in corpora:
        notes.append(
            f"The paper's table is of {' and '.join(corpora)}, these figures are of "
            f"{experiment['corpus']}; no published number stands beside them."
        )
    if "note" in layout:
        notes.append(layout["note"])
    folds, seeds = count(len(experiment["folds"]), "fold"), count(len(experiment["seeds"]), "seed")
    if layout.get("kind") == SAMPLES:
        notes.append(
            "The parts are those of the first fold; folds: smallest to largest of "
            f"{folds}. The paper counts each of IEMOCAP's 557 test utterances six times, once a "
            "condition."
        )
    else:
        notes.append(
            f"Mean over {folds}, then over {seeds}, of the test part; sd: standard deviation of "
            "the n values of folds and seeds (of the folds' differences, for a gain). What was "
            "not run is empty. The csv has the bootstrap's 95 % interval as low and high."
        )
    if told := [m for m in experiment.get("given_mask", []) if m in set(laid["model"])]:
        notes.append(f"Told which modalities are corrupted: {', '.join(told)}.")
    if experiment.get("note"):
        notes.append(experiment["note"])
    return notes
