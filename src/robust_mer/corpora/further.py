"""Further columns of a corpus, e.g. ``script`` or ratings: kept in the index as they are."""

import difflib
from collections.abc import Iterable, Sequence

from robust_mer.corpora.utterances import COLUMNS

_ALIKE = 0.75  # similarity of two names from which one is taken for the other, misspelt


def problem_of_columns(columns: Iterable[str], known: Sequence[str]) -> str | None:
    """What is wrong with the first column that cannot be kept as a further one.

    Args:
        columns: All columns of the corpus.
        known: Those that its reader knows.
    """
    columns = list(columns)
    absent = [column for column in known if column not in columns]
    for column in columns:
        if column in known:
            continue
        meant = difflib.get_close_matches(column.lower(), absent, n=1, cutoff=_ALIKE)
        if meant:
            return (
                f"the column {column!r} looks like {meant[0]!r}, which is missing; rename it, or "
                "choose another name if it is a column of your own"
            )
        if column in COLUMNS:
            return f"the index has a column {column!r} with another meaning; rename yours"
    return None
