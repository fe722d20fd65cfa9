"""What the report says of targets and folds: their sizes, the paper's, and what parts share."""

from pathlib import Path

import pandas as pd

from robust_mer.table import PARTS, read_table
from robust_mer.tasks.task import Task, read_targets

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


def target_sizes(
    task: Task,
    utterances_csv: str | Path,
    folds_csv: str | Path,
    samples: pd.DataFrame | None,
) -> list[list[str]]:
    """Heading, and a line per class, label or number: the utterances that train or test in a fold.

    Of classes also the paper's numbers, if it has the corpus.
    """
    folds, utterances = read_table(folds_csv), read_table(utterances_csv)
    used = set(folds.loc[folds["part"].isin(["train", "test"]), "utterance"])
    learnt, target = read_targets(utterances, task)
    lines = learnt.summary(target[utterances["utterance"].isin(used)])
    heading = list(lines[0])
    if samples is None:
        return [heading, *([str(value) for value in line.values()] for line in lines)]
    sizes = {line[heading[0]]: line[heading[1]] for line in lines}
    published = dict(zip(samples["class"], samples["samples"], strict=True))
    return [
        [*heading, PAPER],
        *(
            [name, str(sizes.get(name, 0)), str(published.get(name, ""))]
            for name in sorted({*sizes, *published})
        ),
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
