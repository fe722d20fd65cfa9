"""What may make an experiment's figures better, or surer, than they are: findings as rows."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from robust_mer.evaluation.experiment import MIN_SPEAKERS, CorpusFacts, Experiment
from robust_mer.report.spec import Results, TableSpec
from robust_mer.report.table import Table, of_frame
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.verdicts import NOT_KNOWN, NOTE, OK, PROBLEM, WARNING
from robust_mer.report.words import tables as words
from robust_mer.report.words.text import count
from robust_mer.report.words.tuning import best_of
from robust_mer.table import groups, read_table
from robust_mer.tasks.task import read_targets

if TYPE_CHECKING:
    import pandas as pd

_SHARED = {
    "speakers": PROBLEM,
    "sessions": NOTE,
    "dialogues": PROBLEM,
    "texts": WARNING,
    "recordings": PROBLEM,
}
"""Verdict if the training and the test part have it in common; other parts: a warning at most."""


class AuditTable(ResultTable):
    """A row per check with its verdict and finding; see `audit`."""

    title = words.TITLE_AUDIT
    section = "audit"
    reads = ("checks", "folds", "utterances", "intervals")
    writes = ("csv", "md")
    uses = ("data", "candidates")

    def read(self, spec: TableSpec, files: Results) -> "pd.DataFrame":
        """The findings."""
        from robust_mer.evaluation.summary import read_statistics

        speakers = int(read_statistics(files.path("intervals"))["speakers"].iloc[0])
        checks, folds = read_table(files.path("checks")), read_table(files.path("folds"))
        utterances = read_table(files.path("utterances"))
        facts, experiment = spec.facts, spec.experiment
        return audit(experiment, facts.data, checks, folds, utterances, speakers, facts.candidates)

    def tables(self, spec: TableSpec, data: "pd.DataFrame") -> list[Table]:
        """One table."""
        caption = words.audit_caption(spec.experiment.name, spec.experiment.corpus)
        return [of_frame(caption, data, [words.NOTE_AUDIT])]


def audit(
    experiment: Experiment,
    corpus: CorpusFacts,
    checks: "pd.DataFrame",
    folds: "pd.DataFrame",
    utterances: "pd.DataFrame",
    speakers: int,
    candidates: Mapping[str, int] = MappingProxyType({}),
) -> "pd.DataFrame":
    """Check whether the results of an experiment are valid.

    Args:
        experiment: Only its folds and seeds are checked.
        corpus: The data behind the corpus and behind the networks of its features.
        checks: ``fold_checks.csv``.
        folds: ``folds.csv``.
        utterances: The index.
        speakers: Number of speakers that the intervals rest on.
        candidates: By the name of a tuned model or teacher, how many it is chosen from.

    Returns:
        ``check, verdict, found``; the verdict is `OK`, `NOTE` (mention it with the results),
        `WARNING` (they may be too good), `PROBLEM` (they are too good) or `NOT_KNOWN`.
    """
    import pandas as pd

    chosen = [str(fold) for fold in experiment.folds]
    folds, checks = (table[table["fold"].isin(chosen)] for table in (folds, checks))
    rows = [
        *_parts(folds),
        *_shared(checks, utterances),
        *_people(folds, utterances),
        _validation(folds),
        *_targets(experiment, folds, utterances),
        *_extractors(corpus),
        *_heard(corpus),
        _masks(experiment),
        *_tuning(experiment, candidates),
        _origin(experiment, corpus),
        *_size(experiment, speakers),
    ]
    return pd.DataFrame(rows, columns=["check", "verdict", "found"])


def _parts(folds: "pd.DataFrame") -> Iterator[tuple[str, str, str]]:
    parts = folds.groupby(["fold", "utterance"])["part"].nunique()
    twice = int((parts > 1).sum())
    finding = f"{count(twice, 'utterance')} in two parts of one fold"
    yield "an utterance in two parts", PROBLEM if twice else OK, finding


def _shared(checks: "pd.DataFrame", utterances: "pd.DataFrame") -> Iterator[tuple[str, str, str]]:
    from robust_mer.corpora.fold_checks import TRAIN_TEST

    counted = checks.assign(count=checks["count"].astype(int))
    for (shared, parts), rows in groups(counted, ["shared", "parts"]):
        least, most = rows["count"].min(), rows["count"].max()
        verdict = OK
        if most:
            verdict = _SHARED[shared]
            if parts != TRAIN_TEST and verdict == PROBLEM:
                verdict = WARNING
        noun, which = shared.removesuffix("s"), ""
        if shared in ("texts", "recordings"):
            noun, which = "utterance", " with a twin"
        number = count(least, noun) if least == most else f"{least} to {count(most, noun)}"
        yield f"{shared} shared by {parts}", verdict, f"{number}{which} in each fold"
    if "dialogues" not in set(checks["shared"]):
        yield "dialogues shared", NOT_KNOWN, "the index names no dialogues"
    if not (utterances["text"] != "").any():
        yield "texts shared", NOT_KNOWN, "the index has no texts"
    if not (utterances[["audio", "video"]] != "").any(axis=None):
        yield "recordings shared", NOT_KNOWN, "the index has no recordings"


def _people(folds: "pd.DataFrame", utterances: "pd.DataFrame") -> Iterator[tuple[str, str, str]]:
    from robust_mer.corpora.joined import is_joined, own_speakers

    if not is_joined(utterances):
        return
    train, test = (
        own_speakers(utterances[utterances["utterance"].isin(set(rows["utterance"]))])
        for rows in (folds[folds["part"] != "test"], folds[folds["part"] == "test"])
    )
    finding = "speakers of different corpora count as different people"
    if common := sorted(train & test):
        named = count(len(common), "name")
        finding += f"; {named} in both training and test corpora, e.g. {common[0]}"
    yield "one person in several corpora", NOT_KNOWN, finding


def _validation(folds: "pd.DataFrame") -> tuple[str, str, str]:
    parts = {key: frozenset(rows["utterance"]) for key, rows in folds.groupby(["fold", "part"])}
    tests = {members: fold for (fold, part), members in parts.items() if part == "test"}
    swapped = [
        f"{fold} ({tests[members]})"
        for (fold, part), members in parts.items()
        if part == "validation" and members in tests
    ]
    check = "validation used as test"
    if not swapped:
        return check, OK, "no fold validates on the test part of another fold"
    return (
        check,
        NOTE,
        "Each fold chooses its epoch by its own validation part. But these folds validate on the "
        f"test part of another fold (in brackets): {', '.join(swapped)}; a hyperparameter chosen "
        "by the validation results of several folds has seen test data",
    )


def _targets(
    experiment: Experiment, folds: "pd.DataFrame", utterances: "pd.DataFrame"
) -> Iterator[tuple[str, str, str]]:
    used = utterances[utterances["utterance"].isin(set(folds["utterance"]))]
    task, target = read_targets(used, experiment.predicts)
    lacking = []
    for fold, test in folds[folds["part"] == "test"].groupby("fold")["utterance"]:
        if problem := task.problem(target[used["utterance"].isin(set(test))]):
            lacking.append(f"{fold} ({problem})")
    finding = f"not in folds: {', '.join(lacking)}" if lacking else "in every fold"
    yield "the test part has all that is measured", WARNING if lacking else OK, finding


def _extractors(corpus: CorpusFacts) -> Iterator[tuple[str, str, str]]:
    for extractor, trained_on in corpus.extractors.items():
        check = f"{extractor} was trained on this corpus"
        keys = {_key(name) for name in trained_on or ()}
        if trained_on is None:
            yield check, NOT_KNOWN, "the training data of its network are unknown"
        elif not trained_on:
            yield check, OK, "it has no trained part"
        elif common := sorted(name for name in corpus.contains if _key(name) in keys):
            yield check, PROBLEM, f"trained on {', '.join(common)}, which the corpus contains"
        elif corpus.contains or corpus.generated:
            yield check, OK, f"trained on {', '.join(trained_on)}"
        else:
            finding = f"trained on {', '.join(trained_on)}; contents of the corpus unknown"
            yield check, NOT_KNOWN, finding


def _key(name: str) -> str:
    """What spellings of a collection have in common: MSP-Podcast, msp_podcast, MSP Podcast."""
    return re.sub(r"[\W_]+", "", name).casefold()


def _heard(corpus: CorpusFacts) -> Iterator[tuple[str, str, str]]:
    for extractor, which in corpus.heard.items():
        finding = f"{extractor} receives words that {corpus.recogniser} recognised in the sound"
        if which == "recognised_if_missing":
            finding += ", where the index has none"
        yield "recognised words", NOTE, finding


def _masks(experiment: Experiment) -> tuple[str, str, str]:
    aware = experiment.is_mask_aware
    finding = f"know which modalities are corrupted: {', '.join(aware) or 'no model'}"
    return "mask-aware models", NOTE if aware else OK, finding


def _tuning(
    experiment: Experiment, candidates: Mapping[str, int]
) -> Iterator[tuple[str, str, str]]:
    if not candidates:
        return
    others = [model for model in experiment.models if model not in candidates]
    finding = f"chosen on validation data: {best_of(candidates)}"
    if others:
        finding += f"; not tuned themselves: {', '.join(others)}"
    yield "tuned models", NOTE, finding + "; prediction sets rest on the same validation data"


def _origin(experiment: Experiment, corpus: CorpusFacts) -> tuple[str, str, str]:
    check, contains = "generated or composed data", corpus.contains
    about = f"all results of {experiment.name} rest on"
    if corpus.generated:
        return check, PROBLEM, f"{about} generated data and are no evidence about people"
    if len(contains) > 1:
        return check, WARNING, f"{about} data composed of {', '.join(contains)}"
    return check, OK, "the config names neither a generator nor several sources"


def _size(experiment: Experiment, speakers: int) -> Iterator[tuple[str, str, str]]:
    few = speakers < MIN_SPEAKERS
    finding = f"intervals rest on {count(speakers, 'speaker')}"
    yield "enough speakers", WARNING if few else OK, finding + few * f", fewer than {MIN_SPEAKERS}"
    folds, seeds = len(experiment.folds), len(experiment.seeds)
    finding = f"{count(folds, 'fold')}, {count(seeds, 'seed')}"
    if folds == 1:
        finding += "; no significance test between models is possible"
    if seeds == 1:
        finding += "; the effect of the seed cannot be separated from that of the fold"
    yield "repetitions", WARNING if 1 in (folds, seeds) else OK, finding
