"""Folds: who trains, who selects and who tests."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from robust_mer.errors import InputError
from robust_mer.files import whole
from robust_mer.jobs import log
from robust_mer.names import name_key
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.table import PARTS, read_table
from robust_mer.tasks.task import Task

if TYPE_CHECKING:
    import pandas as pd

Scheme = Literal["session_speakers", "session_groups", "speakers", "speaker_groups", "part"]

_MIN_SPEAKERS = 3  # one each for training, validation and test
_ADVICE = (
    ". If the corpus brings no validation part, `validation: 0.1` in folds takes it from training"
)
_NAMES = ("session", "speaker", "dialogue", "label")
_NEEDED = ["session", "speaker", "label", "audio", "video", "start", "end", "text", "audio_is_cut"]


@dataclass(frozen=True)
class FoldsSpec:
    """How folds are made."""

    scheme: Scheme
    """``session_speakers``: one session is left out, one of its two speakers is validation and the
    other test, then swapped, as MMIN does with IEMOCAP's five sessions in ten folds and
    MSP-IMPROV's six in twelve. ``session_groups``: sessions are dealt into ``groups``; a fold tests
    on one group and validates on the next. ``speakers``: a fold tests on one speaker and validates
    on the next. ``speaker_groups``: the same with speakers dealt into ``groups``. ``part``: the
    corpus' own columns, ``part`` for one fold or ``part_1``, ``part_2``, ... for several; an
    utterance without a part is in none."""
    groups: int | None = None
    """Number of groups for ``session_groups`` and ``speaker_groups``."""
    validation: float | None = None
    """For ``part`` without validation: the fraction of the training part, by whole speakers, that
    becomes it."""


@dataclass(frozen=True)
class FoldsFileSpec:
    """What makes ``folds.csv``."""

    how: FoldsSpec
    task: Plugin
    """What is predicted; utterances without a target are in no part but the training part."""


@dataclass(frozen=True)
class FoldsFiles:
    """Files of the folds."""

    utterances: Path
    """Input: the index."""
    media: Path
    """Input: the index' memory of the recordings."""
    folds: Path
    """Output: see `make_folds`."""
    checks: Path
    """Output: see `robust_mer.corpora.fold_checks.check_folds`."""


def make_folds(utterances: "pd.DataFrame", spec: FoldsSpec) -> "pd.DataFrame":
    """Assign utterances to parts in every fold.

    Args:
        utterances: The index.
        spec: How.

    Returns:
        Columns ``fold`` (from 1), ``part`` (train, validation, test) and ``utterance``.

    Raises:
        InputError: the corpus does not fit the scheme.
    """
    import pandas as pd

    scheme = spec.scheme
    if scheme.startswith("session"):
        shared = utterances.groupby("speaker")["session"].nunique()
        if (shared > 1).any():
            raise InputError(
                f"folds: speaker {shared.idxmax()} occurs in {shared.max()} sessions and would "
                "be in the training and the test part at once; choose another scheme"
            )
    _check_speakers(utterances, scheme)
    if scheme == "part":
        assigned = dict(_given_parts(utterances, spec.validation))
    elif scheme == "session_speakers":
        assigned = dict(enumerate(_session_speakers(utterances), start=1))
    else:
        of_what = "session" if scheme == "session_groups" else "speaker"
        count = utterances["speaker"].nunique() if scheme == "speakers" else spec.groups
        assigned = dict(enumerate(_groups(utterances[of_what], scheme, count), start=1))
    for fold, part in assigned.items():
        if empty := set(PARTS) - set(part):
            advice = _ADVICE if scheme == "part" else ""
            raise InputError(
                f"folds: fold {fold} has an empty part: {', '.join(sorted(empty))}{advice}"
            )
    folds = pd.concat(
        [
            pd.DataFrame({"fold": fold, "part": part, "utterance": utterances["utterance"]})
            for fold, part in assigned.items()
        ],
        ignore_index=True,
    )
    folds = folds[folds["part"] != ""]
    return folds.sort_values(["fold", "part"], kind="stable", ignore_index=True)


def _check_speakers(utterances: "pd.DataFrame", scheme: str) -> None:
    """Check that training, validation and test can each have speakers that no other part has.

    Raises:
        InputError: there are fewer than three.
    """
    speakers = sorted(utterances["speaker"].unique())
    if scheme != "part" and len(speakers) < _MIN_SPEAKERS:
        raise InputError(
            f"folds: the corpus has {len(speakers)} speaker{'s' * (len(speakers) != 1)} "
            f"({', '.join(speakers)}), too few for the scheme {scheme!r}: train, validation and "
            "test share no speaker, so it needs three or more. Use the scheme 'part' with a column "
            "part (train, validation, test), in which parts may share speakers"
        )


def _given_parts(
    utterances: "pd.DataFrame", validation: float | None
) -> Iterator[tuple[int, "pd.Series[str]"]]:
    columns = {"part": 1} if "part" in utterances else {}
    for name in map(str, utterances):
        if match := re.fullmatch(r"part_(\d+)", name):
            columns[name] = int(match[1])
    if len(set(columns.values())) < len(columns):
        raise InputError(
            f"folds: two of the columns {', '.join(columns)} are for the same fold; part is that "
            "of fold 1"
        )
    if not columns:
        raise InputError(
            "folds: the scheme 'part' needs a column part, which the index of this corpus lacks; "
            "choose another scheme"
        )
    for column, fold in columns.items():
        part = utterances[column].copy()
        if not part.ne("").any():
            sessions = utterances["session"].nunique()
            raise InputError(
                f"folds: 0 of {len(utterances)} utterances, of {sessions} sessions, have a part in "
                f"the column {column}; see index_problems.csv, or choose another scheme"
            )
        if strange := sorted(set(part) - {*PARTS, ""}):
            raise InputError(
                f"folds: the scheme 'part' needs a column {column} with the values "
                f"{', '.join(PARTS)} or nothing; it also has {', '.join(map(repr, strange))}"
            )
        if validation is not None:
            if (part == "validation").any():
                raise InputError(
                    f"folds: {column} already has a validation part; remove `validation` from folds"
                )
            speakers = utterances["speaker"][part == "train"]
            if speakers.nunique() == 1:
                raise InputError(
                    f"folds: {column} has one training speaker, {speakers.iloc[0]!r}, so none can "
                    "be set apart for validation; name validation utterances in the column"
                )
            part[_some_speakers(speakers, validation)] = "validation"
        yield fold, part


def _some_speakers(speakers: "pd.Series[str]", share: float) -> "pd.Index[str]":
    """Rows of whole speakers, about so large a share; by a hash of their names, not their order."""
    sizes = speakers.value_counts()
    order = sorted(sizes.index, key=lambda name: hashlib.sha256(name.encode()).digest())
    before = sizes[order].cumsum() - sizes[order]
    chosen = before.index[before < share * len(speakers)]
    return speakers.index[speakers.isin(chosen)]


def _session_speakers(utterances: "pd.DataFrame") -> Iterator["pd.Series[str]"]:
    import pandas as pd

    for session, rows in utterances.groupby("session", sort=True):
        speakers = sorted(rows["speaker"].unique())
        if len(speakers) != 2:
            raise InputError(
                f"folds: the scheme 'session_speakers' needs two speakers per session; "
                f"{session} has {len(speakers)}: {', '.join(speakers)}"
            )
        for validation, test in (speakers, speakers[::-1]):
            part = pd.Series("train", index=utterances.index)
            part[utterances["speaker"] == validation] = "validation"
            part[utterances["speaker"] == test] = "test"
            yield part


def _groups(names: "pd.Series[str]", scheme: str, groups: int | None) -> Iterator["pd.Series[str]"]:
    """Sessions or speakers dealt into groups: each tests once, while the next one validates."""
    import pandas as pd

    different = sorted(names.unique())
    if groups is None or not 3 <= groups <= len(different):
        raise InputError(
            f"folds: the scheme {scheme!r} needs groups between 3 and the number of {names.name}s "
            f"({len(different)}), not {groups}"
            + ("" if len(different) >= _MIN_SPEAKERS else "; with so few, choose another scheme")
        )
    group = names.map({name: place % groups for place, name in enumerate(different)})
    for test in range(groups):
        part = pd.Series("train", index=names.index)
        part[group == (test + 1) % groups] = "validation"
        part[group == test] = "test"
        yield part


def check_used_folds(used: Iterable[int], made: Iterable[int], scheme: str, corpus: str) -> None:
    """Check that there are the folds that experiments use.

    Raises:
        InputError: one is not there.
    """
    if absent := sorted({*used}.difference(made)):
        raise InputError(
            f"config: experiments use fold {absent[0]}, but the scheme {scheme!r} makes the "
            f"folds {', '.join(map(str, sorted({*made})))} of {corpus}"
        )


def write_folds(spec: FoldsFileSpec, files: FoldsFiles, runtime: Runtime) -> None:
    """Write ``folds.csv`` from the index, and what its parts share.

    Uses ``folds`` of the runtime.

    Raises:
        InputError: the corpus does not fit the scheme, or breaks a promise of it, a class cannot be
            learnt, or an experiment uses a fold that the scheme does not make.
    """
    from robust_mer.corpora.fold_checks import check_folds, check_targets

    scheme = spec.how.scheme
    utterances = read_table(files.utterances, ["utterance", *_NEEDED])
    for column in filter(utterances.columns.__contains__, _NAMES):
        utterances[column] = utterances[column].map(name_key)
    folds = make_folds(utterances, spec.how)
    check_used_folds(runtime.folds, folds["fold"], scheme, "this corpus")
    task: Task = spec.task.build()
    unlabelled = utterances["utterance"][task.is_missing(utterances)]
    folds = folds[(folds["part"] == "train") | ~folds["utterance"].isin(unlabelled)]
    for fold in sorted(set(folds["fold"])):
        if empty := sorted(set(PARTS) - set(folds["part"][folds["fold"] == fold])):
            raise InputError(
                f"folds: in fold {fold}, no utterance of the part {empty[0]} has a target; models "
                "learn from utterances without one, but are validated and tested on the others"
            )
    check_targets(folds, utterances, task)
    media = read_table(files.media, ["path", "bytes", "hash"])
    checks = check_folds(folds, utterances, media, scheme)
    with whole(files.folds) as unfinished:
        folds.to_csv(unfinished, index=False)
    with whole(files.checks) as unfinished:
        checks.to_csv(unfinished, index=False)
    sizes = folds.groupby(["fold", "part"]).size().unstack(fill_value=0)
    for fold, row in sizes.iterrows():
        log.info("fold %s: %s", fold, ", ".join(f"{part} {n}" for part, n in row.items()))
    for what, rows in checks.groupby(["parts", "shared"], sort=False):
        if rows["count"].any():
            log.info("%s share %s: %d to %d", *what, rows["count"].min(), rows["count"].max())
