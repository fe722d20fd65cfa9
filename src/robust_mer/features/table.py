"""A table of a corpus' feature files, with counts and problems."""

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from robust_mer.features.specs import FeaturesTableFiles, FeaturesTableSpec
from robust_mer.files import whole
from robust_mer.runtime import Runtime
from robust_mer.table import read_table

_STATUS = ("ok", "empty", "failed")
_FIRST = 5  # reasons that are listed


def write_features_table(
    spec: FeaturesTableSpec, files: FeaturesTableFiles, runtime: Runtime
) -> None:
    """Write a row for each of some feature files, as csv and Markdown.

    ``utterances`` are all of the corpus; ``ok``, ``empty`` (no frames) and ``failed`` add up to
    them. ``seconds`` is the length of the recordings, empty for text. ``lost`` says why utterances
    are empty or failed, ``remarks`` what was noted of others, each with their number.
    """
    rows = [_row(*pair) for pair in zip(spec.modalities, files.tables, strict=True)]
    table = pd.DataFrame(rows)
    with whole(files.csv) as unfinished:
        table.to_csv(unfinished, index=False)
    lines = [table.columns, ["---"] * len(table.columns), *table.astype(str).to_numpy()]
    text = "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in lines)
    with whole(files.md) as unfinished:
        unfinished.write_text(text + "\n", encoding="utf-8")


def _row(modality: str, path: Path) -> dict[str, Any]:
    table = read_table(path)
    is_ok = table["status"] == "ok"
    seconds = pd.to_numeric(table["seconds"])
    return {
        "features": path.stem,
        "modality": modality,
        "utterances": len(table),
        **{status: int((table["status"] == status).sum()) for status in _STATUS},
        "frames": int(table["frames"].astype(int).sum()),
        "seconds": "" if seconds.isna().all() else f"{seconds.sum():.1f}",
        "lost": _reasons(table["reason"][~is_ok]),
        "remarks": _reasons(table["reason"][is_ok]),
    }


def _reasons(remarks: pd.Series) -> str:
    """Kinds of reasons, the part before a colon, with their counts."""
    kinds = Counter(reason.partition(":")[0] for reason in remarks if reason).most_common()
    listed = [f"{kind} ({count})" for kind, count in kinds[:_FIRST]]
    if more := sum(count for _, count in kinds[_FIRST:]):
        listed.append(f"others ({more})")
    return "; ".join(listed)
