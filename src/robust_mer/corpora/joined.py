"""Corpora joined into one: models are trained on some of them and tested on others.

The joined index is made from the indices of its members, so every path was checked against the
folder of its own corpus, and nothing here reads a recording.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from robust_mer.corpora.folds import FoldsSpec, make_folds
from robust_mer.corpora.index import write_media
from robust_mer.corpora.utterances import COLUMNS
from robust_mer.errors import InputError
from robust_mer.files import whole
from robust_mer.jobs import log
from robust_mer.names import name_key
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin, Settings
from robust_mer.table import read_table
from robust_mer.tasks.task import Task, read_targets

if TYPE_CHECKING:
    import pandas as pd

JOINED = "joined"
"""Name of the reader in the config."""

CORPUS, PART = "corpus", "part"
_OWN = re.compile(rf"{CORPUS}|{PART}(_\d+)?")  # columns that a member's would contradict
_NAMES = ("utterance", "session", "speaker")
_RECORDINGS = ("audio", "video")
_SHOWN = 10  # notes in the log

Notes = list[tuple[str, int, str]]


class JoinedSettings(Settings):
    """Which corpora are joined, and what their classes are called."""

    train: Annotated[list[str], Field(min_length=1)]
    """Corpora that models are trained on: names of other sections of ``corpora``."""
    test: Annotated[list[str], Field(min_length=1)]
    """Corpora that they are tested on."""
    labels: dict[str, dict[str, str]] = Field(default={})
    """By corpus, our names of its classes where they differ, e.g. ``{ravdess: {calm: neutral}}``.
    Classes that it does not name keep their names."""

    @property
    def names(self) -> list[str]:
        """All corpora, those for training first."""
        return [*self.train, *self.test]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if twice := [name for place, name in enumerate(self.names) if name in self.names[:place]]:
            raise ValueError(f"train and test name {twice[0]!r} twice")
        for corpus, labels in self.labels.items():
            if corpus not in self.names:
                raise ValueError(
                    f"labels has the corpus {corpus!r}, which is neither in train nor in test"
                )
            for label, ours in labels.items():
                if not name_key(ours):
                    raise ValueError(f"labels.{corpus}: the label of {label!r} is empty")
        return self


@dataclass(frozen=True)
class Member:
    """A corpus that is joined."""

    name: str
    part: Literal["train", "test"]
    labels: dict[str, str]
    """Our names of its classes, where they differ."""
    target_range: list[float] | None = None
    """Ends of the scale of its numbers, if these are the targets."""


@dataclass(frozen=True)
class JoinSpec:
    """What makes the index of joined corpora."""

    members: list[Member]
    task: Plugin
    """What is predicted."""
    validation: float
    """Fraction of each training corpus, by whole speakers, that becomes the validation part."""
    target_range: list[float] | None = None
    """Ends of the scale to which the numbers of all members are mapped."""
    keeps_unlabelled: bool = False
    """Whether utterances without a target stay in the index."""


@dataclass(frozen=True)
class JoinFiles:
    """Files of a joined index; those of its members are in the order of the spec."""

    member_utterances: list[Path]
    """Input: the indices."""
    member_problems: list[Path]
    """Input: what their readers skipped or noted."""
    member_media: list[Path]
    """Input: their recordings."""
    utterances: Path
    """Output, as of `robust_mer.corpora.index`, with the columns ``corpus`` and ``part`` (train,
    validation, test)."""
    problems: Path
    """Output: what was left out or is odd, then the members' problems."""
    media: Path
    """Output: the recordings. Their paths begin with the corpus and are relative to its folder."""
    recordings: Path
    """Output: one hash of all recordings."""


def qualified(corpus: str, name: str) -> str:
    """Name of an utterance, session or speaker of a corpus among those of all; "" stays so."""
    return f"{corpus}:{name}" if name else ""


def join_corpora(spec: JoinSpec, files: JoinFiles, runtime: Runtime) -> None:
    """Write the index of joined corpora from their indices.

    Uses ``columns`` of the runtime.

    Raises:
        InputError: a member lacks the target or a class that ``labels`` names, no two classes occur
            both in training and test corpora, no speaker can be set apart for validation, or a
            column that ``split_by`` names is missing.
    """
    import pandas as pd

    task: Task = spec.task.build()
    notes: Notes = []
    tables = [
        _read_member(member, path, spec, task)
        for member, path in zip(spec.members, files.member_utterances, strict=True)
    ]
    names = [name for one in tables for name in map(str, one.columns)]
    further = [name for name in names if name not in COLUMNS and not _OWN.fullmatch(name)]
    columns = [*COLUMNS, CORPUS, PART, *dict.fromkeys(further)]
    table = pd.concat(tables, ignore_index=True).reindex(columns=columns).fillna("")
    if not spec.keeps_unlabelled:
        missing = task.is_missing(table)
        _note_left_out(notes, table[missing], f"without {' or '.join(task.columns)}")
        table = table[~missing]
    if has_classes(task):
        table = _with_shared_classes(table, task.columns[0], notes)
    _note_scales(notes, spec)
    _note_speakers(notes, table)
    note_training_speakers(notes, table)
    table = table.sort_values(["session", "utterance"], kind="stable", ignore_index=True)
    table.loc[table["utterance"].isin(_validating(table, spec.validation)), PART] = "validation"
    learnt, target = read_targets(table, task)
    if absent := [column for column in runtime.columns if column not in table]:
        raise InputError(
            f"config: split_by names {', '.join(absent)}, which none of the joined corpora has; "
            f"they have the columns {', '.join(table.columns)}"
        )
    problems = [read_table(path, ["file", "line", "problem"]) for path in files.member_problems]
    listed = pd.DataFrame(notes, columns=["file", "line", "problem"])
    media = _join_media(spec.members, files.member_media)
    used = set(table["audio"]) | set(table["video"])
    for path, written in (
        (files.utterances, table),
        (files.problems, pd.concat([listed, *problems])),
    ):
        with whole(path) as unfinished:
            written.to_csv(unfinished, index=False)
    write_media(media[media["path"].isin(used)], files.media, files.recordings)
    counts = ", ".join(f"{name} {n}" for name, n in learnt.counts(target).items())
    log.info("%d utterances (%s)", len(table), counts)
    for corpus, n in table[CORPUS].value_counts(sort=False).items():
        log.info("%s: %d utterances", corpus, n)
    for corpus, _, problem in notes[:_SHOWN]:
        log.info("%s: %s", corpus, problem)


def has_classes(task: Task) -> bool:
    """Whether each utterance has one class, in one column of the index."""
    return task.encoding == "class" and len(task.columns) == 1


def _read_member(member: Member, path: Path, spec: JoinSpec, task: Task) -> "pd.DataFrame":
    """The index of a corpus as a part of the joined one."""
    table = read_table(path, COLUMNS)
    if absent := [column for column in task.columns if column not in table]:
        raise InputError(
            f"{member.name} has no column {absent[0]!r}, which `target` in the config names; it "
            f"has {', '.join(table.columns)}"
        )
    for column in _NAMES:
        table[column] = [qualified(member.name, name) for name in table[column]]
    for column in _RECORDINGS:
        table[column] = [f"{member.name}/{path}" if path else "" for path in table[column]]
    if member.labels:
        column = task.columns[0]
        labels = {name_key(label): name_key(ours) for label, ours in member.labels.items()}
        classes = sorted(set(table[column]))
        if unknown := [label for label in labels if label not in classes]:
            raise InputError(
                f"config: labels.{member.name} names {unknown[0]!r}, which no utterance of "
                f"{member.name} has; it has {', '.join(classes)}"
            )
        table[column] = [labels.get(label, label) for label in table[column]]
    before, after = member.target_range, spec.target_range
    if before is not None and after is not None and before != after:
        for column in task.columns:
            table[column] = [_scaled(cell, before, after) for cell in table[column]]
    return table.assign(**{CORPUS: member.name, PART: member.part})


def _scaled(cell: str, before: Sequence[float], after: Sequence[float]) -> str:
    """A number of one scale on another; a cell without a number stays as it is."""
    try:
        share = (float(cell) - before[0]) / (before[1] - before[0])
    except ValueError:
        return cell
    return f"{after[0] + share * (after[1] - after[0]):.6g}"


def _with_shared_classes(table: "pd.DataFrame", column: str, notes: Notes) -> "pd.DataFrame":
    """The utterances of classes that occur both in training and in test corpora.

    Raises:
        InputError: there are fewer than two such classes.
    """
    train, test = (set(table[column][table[PART] == part]) - {""} for part in ("train", "test"))
    shared = train & test
    if len(shared) < 2:
        raise InputError(
            "the training and the test corpora share "
            f"{'the class ' + min(shared) + ' only' if shared else 'no class'}; in training: "
            f"{', '.join(sorted(train))}; in test: {', '.join(sorted(test))}. Map classes to "
            "common names by `labels` in the config"
        )
    for name in sorted((train | test) - shared):
        where = "training" if name in train else "test"
        rows = table[table[column] == name]
        what = f"of the class {name!r}, which only {where} corpora have"
        _note_left_out(notes, rows, what)
    return table[table[column].isin(shared | {""})]


def _note_left_out(notes: Notes, rows: "pd.DataFrame", which: str) -> None:
    for corpus, n in rows[CORPUS].value_counts(sort=False).items():
        first = rows["utterance"][rows[CORPUS] == corpus].iloc[0]
        number = "1 utterance" if n == 1 else f"{n} utterances"
        notes.append((str(corpus), 0, f"{number} {which}, e.g. {first}; left out"))


def _validating(table: "pd.DataFrame", share: float) -> set[str]:
    """The utterances that validate: whole speakers of each training corpus that has several.

    Raises:
        InputError: no training corpus has several.
    """
    chosen: set[str] = set()
    is_test = table[PART] == "test"
    trained = table[~is_test]
    for corpus, rows in trained.groupby(CORPUS, sort=False):
        if rows["speaker"].nunique() > 1:
            of_corpus = table[is_test | (table[CORPUS] == corpus)]
            folds = make_folds(of_corpus, FoldsSpec("part", validation=share))
            chosen.update(folds["utterance"][folds["part"] == "validation"])
    if not chosen:
        raise InputError(
            f"no training corpus ({', '.join(dict.fromkeys(trained[CORPUS]))}) has two or more "
            "speakers, so none can be set apart for validation; add another training corpus"
        )
    return chosen


def _note_scales(notes: Notes, spec: JoinSpec) -> None:
    for member in spec.members:
        before, after = member.target_range, spec.target_range
        if before is not None and after is not None and before != after:
            what = f"from [{before[0]:g}, {before[1]:g}] to [{after[0]:g}, {after[1]:g}]"
            notes.append((member.name, 0, f"targets were mapped linearly {what}"))


def _note_speakers(notes: Notes, table: "pd.DataFrame") -> None:
    train, test = (own_speakers(table[table[PART] == part]) for part in ("train", "test"))
    where = "both in training and in test corpora; a name of two corpora counts as two people"
    _note_names(notes, table[CORPUS], train & test, where)


def note_training_speakers(notes: Notes, table: "pd.DataFrame") -> None:
    """Say which names occur in several training corpora: one may validate what the other trains."""
    trained = table[table[PART] != "test"]
    corpora = dict.fromkeys(map(str, trained[CORPUS]))
    names = {corpus: own_speakers(trained[trained[CORPUS] == corpus]) for corpus in corpora}
    count = Counter(chain.from_iterable(names.values()))
    several = {name for name, times in count.items() if times > 1}
    where = (
        "in several training corpora; a name of two corpora counts as two people, so one may be in "
        "the training part and the other in the validation part"
    )
    _note_names(notes, [c for c, own in names.items() if own & several], several, where)


def _note_names(notes: Notes, corpora: Iterable[str], names: set[str], where: str) -> None:
    if names:
        what = "1 speaker name" if len(names) == 1 else f"{len(names)} speaker names"
        occurs = "occurs" if len(names) == 1 else "occur"
        example = f"e.g. {min(names)!r}"
        listed = ", ".join(dict.fromkeys(corpora))
        notes.append((listed, 0, f"{what}, {example}, {occurs} {where}"))


def is_joined(table: "pd.DataFrame") -> bool:
    """Whether an index is that of joined corpora: every speaker's name begins with the corpus."""
    if CORPUS not in table:
        return False
    pairs = zip(table[CORPUS], table["speaker"], strict=True)
    return all(speaker.startswith(f"{corpus}:") for corpus, speaker in pairs)


def own_speakers(table: "pd.DataFrame") -> set[str]:
    """The speakers of some rows of a joined index, as their own corpora name them."""
    pairs = zip(table[CORPUS], table["speaker"], strict=True)
    return {speaker.removeprefix(f"{corpus}:") for corpus, speaker in pairs}


def _join_media(members: Iterable[Member], paths: Iterable[Path]) -> "pd.DataFrame":
    import pandas as pd

    tables = []
    for member, path in zip(members, paths, strict=True):
        table = read_table(path, ["path"])
        tables.append(table.assign(path=f"{member.name}/" + table["path"]))
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True)
class JoinWordsSpec:
    """What makes the word times of joined corpora."""

    members: list[str]
    """Their names."""


@dataclass(frozen=True)
class JoinWordsFiles:
    """Files of joined word times; those of the members are in the order of the spec."""

    utterances: Path
    """Input: the joined index."""
    member_words: list[Path]
    """Input."""
    member_problems: list[Path]
    """Input."""
    words: Path
    """Output, as of `robust_mer.corpora.words`."""
    problems: Path
    """Output, likewise."""


def join_words(spec: JoinWordsSpec, files: JoinWordsFiles, runtime: Runtime) -> None:
    """Write the word times of joined corpora."""
    known = set(read_table(files.utterances, ["utterance"])["utterance"])
    words, problems = (
        join_tables(spec.members, paths) for paths in (files.member_words, files.member_problems)
    )
    words = words[words["utterance"].isin(known)]
    for path, table in ((files.words, words), (files.problems, problems)):
        with whole(path) as unfinished:
            table.to_csv(unfinished, index=False)
    log.info("%d words, %d problems", len(words), len(problems))


def join_tables(members: Sequence[str], paths: Sequence[Path]) -> "pd.DataFrame":
    """Tables of the members' utterances, one after the other."""
    import pandas as pd

    tables = []
    for name, path in zip(members, paths, strict=True):
        table = read_table(path, ["utterance"])
        tables.append(table.assign(utterance=[qualified(name, one) for one in table["utterance"]]))
    return pd.concat(tables, ignore_index=True)
