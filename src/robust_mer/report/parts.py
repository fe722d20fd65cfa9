"""What the report says of classes and folds: their sizes, the paper's, and what parts share."""

from pathlib import Path

import pandas as pd

from robust_mer.table import PARTS, read_table
from robust_mer.task import Task

PAPER = "paper, Table 1"


def fold_sizes(folds_csv: str | Path, samples: pd.DataFrame | None) -> list[list[str]]:
    """A line per fold: utterances that train, validate and test; at last the paper's.

    Args:
        folds_csv: The corpus' folds.
        samples: From `read_samples`.
    """
    folds = read_table(folds_csv)
    sizes = pd.crosstab(folds["fold"].astype(int), folds["part"])
    sizes = sizes.reindex(columns=list(PARTS), fill_value=0)
    rows = [
        [str(fold), *map(str, row)] for fold, row in zip(sizes.index, sizes.to_numpy(), strict=True)
    ]
    if samples is not None:
        first = samples.iloc[0]
        rows.append([PAPER, str(first["train"]), "", str(first["test"])])
    return rows


def class_sizes(
    kind: type[Task],
    utterances_csv: str | Path,
    folds_csv: str | Path,
    samples: pd.DataFrame | None,
) -> list[list[str]]:
    """A line per class: utterances that train or test in some fold, and the paper's number."""
    folds, utterances = read_table(folds_csv), read_table(utterances_csv)
    used = set(folds.loc[folds["part"].isin(["train", "test"]), "utterance"])
    task, target = kind.read(utterances[kind.column].tolist())
    sizes = task.counts(target[utterances["utterance"].isin(used)])
    published = {}
    if samples is not None:
        published = dict(zip(samples["class"], samples["samples"], strict=True))
    return [
        [name, str(sizes.get(name, 0)), str(published.get(name, ""))]
        for name in sorted({*(name for name, size in sizes.items() if size), *published})
    ]


def shared(checks_csv: str | Path) -> list[list[str]]:
    """Heading, and a line per kind of thing: how many every two parts have in common, by fold."""
    checks = pd.read_csv(checks_csv, keep_default_na=False)
    pairs = checks["parts"].unique()
    rows = [["", *pairs]]
    for kind, of_kind in checks.groupby("shared", sort=False):
        ranges = of_kind.groupby("parts")["count"].agg(["min", "max"])
        cells = [
            str(low) if low == high else f"{low} to {high}"
            for low, high in ranges.loc[pairs].itertuples(index=False)
        ]
        rows.append([kind, *cells])
    return rows


def read_samples(path: str | Path, corpus: str | None) -> pd.DataFrame | None:
    """Rows of the paper's Table 1, ``class, samples, train, test``; None for another corpus."""
    samples = pd.read_csv(path)
    samples = samples[samples["corpus"] == corpus]
    return None if samples.empty else samples
