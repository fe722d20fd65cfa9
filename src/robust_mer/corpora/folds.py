"""Folds: who trains, who selects and who tests."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from robust_mer.errors import InputError
from robust_mer.files import whole
from robust_mer.jobs import log
from robust_mer.table import PARTS, read_table


def make_folds(utterances: pd.DataFrame, scheme: str, groups: int | None) -> pd.DataFrame:
    """Assign utterances to parts in every fold.

    Args:
        utterances: The index.
        scheme: ``session_speakers``: one session is left out, one of its two speakers is
            validation and the other test, then swapped, as MMIN does with IEMOCAP's five sessions
            in ten folds. ``session_groups``: sessions are dealt into ``groups``; a fold tests on
            one group and validates on the next. ``part``: one fold, from the corpus' own column.
        groups: Number of groups for ``session_groups``.

    Returns:
        Columns ``fold`` (from 1), ``part`` (train, validation, test) and ``utterance``.

    Raises:
        InputError: the corpus does not fit the scheme.
    """
    shared = utterances.groupby("speaker")["session"].nunique()
    if scheme != "part" and (shared > 1).any():
        raise InputError(
            f"folds: speaker {shared.idxmax()} occurs in {shared.max()} sessions and would stand "
            "in training and test at once"
        )
    if scheme == "part":
        assigned = [utterances["part"]] if "part" in utterances else []
        strange = sorted(set(assigned[0]) - set(PARTS)) if assigned else ["no such column"]
        if strange:
            raise InputError(
                f"folds: the scheme 'part' needs a column part with the values "
                f"{', '.join(PARTS)}; found {', '.join(map(repr, strange))}"
            )
    elif scheme == "session_speakers":
        assigned = list(_session_speakers(utterances))
    else:
        assigned = list(_session_groups(utterances, groups))
    for fold, part in enumerate(assigned, start=1):
        if empty := set(PARTS) - set(part):
            raise InputError(f"folds: fold {fold} has an empty part: {', '.join(sorted(empty))}")
    return pd.concat(
        [
            pd.DataFrame({"fold": fold, "part": part, "utterance": utterances["utterance"]})
            for fold, part in enumerate(assigned, start=1)
        ],
        ignore_index=True,
    ).sort_values(["fold", "part"], kind="stable", ignore_index=True)


def _session_speakers(utterances: pd.DataFrame) -> Iterator[pd.Series]:
    for session, rows in utterances.groupby("session", sort=True):
        speakers = sorted(rows["speaker"].unique())
        if len(speakers) != 2:
            raise InputError(
                f"folds: the scheme 'session_speakers' needs two speakers a session; "
                f"{session} has {len(speakers)}: {', '.join(speakers)}"
            )
        for validation, test in (speakers, speakers[::-1]):
            part = pd.Series("train", index=utterances.index)
            part[utterances["speaker"] == validation] = "validation"
            part[utterances["speaker"] == test] = "test"
            yield part


def _session_groups(utterances: pd.DataFrame, groups: int | None) -> Iterator[pd.Series]:
    sessions = sorted(utterances["session"].unique())
    if groups is None or not 3 <= groups <= len(sessions):
        raise InputError(
            f"folds: the scheme 'session_groups' needs groups between 3 and the number of "
            f"sessions ({len(sessions)}), not {groups}"
        )
    group = utterances["session"].map({s: place % groups for place, s in enumerate(sessions)})
    for test in range(groups):
        part = pd.Series("train", index=utterances.index)
        part[group == (test + 1) % groups] = "validation"
        part[group == test] = "test"
        yield part


def write_folds(
    folds_csv: str | Path, utterances_csv: str | Path, scheme: str, groups: int | None
) -> None:
    """Write ``folds.csv`` from the index; see `make_folds`."""
    folds = make_folds(read_table(utterances_csv), scheme, groups)
    with whole(folds_csv) as unfinished:
        folds.to_csv(unfinished, index=False)
    sizes = folds.groupby(["fold", "part"]).size().unstack(fill_value=0)
    for fold, row in sizes.iterrows():
        log.info("fold %s: %s", fold, ", ".join(f"{part} {n}" for part, n in row.items()))
