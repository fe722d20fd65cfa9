"""What may make an experiment's figures better, or surer, than they are: findings as rows."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from robust_mer.corpora.fold_checks import TRAIN_TEST
from robust_mer.evaluation.claims import MIN_SPEAKERS
from robust_mer.evaluation.grid import frame_markdown
from robust_mer.evaluation.summary import read_statistics
from robust_mer.evaluation.tables import count
from robust_mer.files import whole
from robust_mer.table import read_table

OK, NOTE, WARNING, PROBLEM, NOT_KNOWN = "ok", "note", "warning", "problem", "not known"

_SHARED = {
    "speakers": PROBLEM,
    "sessions": NOTE,
    "dialogues": PROBLEM,
    "texts": WARNING,
    "recordings": PROBLEM,
}
"""What it means that training and test part have it in common; other parts: a warning at most."""


def audit(
    experiment: dict,
    corpus: dict,
    checks: pd.DataFrame,
    folds: pd.DataFrame,
    utterances: pd.DataFrame,
    speakers: int,
) -> pd.DataFrame:
    """What speaks for and against the figures of an experiment.

    Args:
        experiment: See :func:`robust_mer.evaluation.tables.write_tables`.
        corpus: ``generated``: whether the workflow makes it; ``contains``: the collections that it
            was made of; ``extractors``: by name, the collections that the network behind it was
            trained on, None where nobody knows.
        checks: ``fold_checks.csv``.
        folds: ``folds.csv``.
        utterances: The index.
        speakers: How many the intervals rest on.

    Returns:
        ``check, verdict, found``; the verdict is `OK`, `NOTE` (to be said with the figures),
        `WARNING` (they may be too good), `PROBLEM` (they are) or `NOT_KNOWN`.
    """
    chosen = [str(fold) for fold in experiment["folds"]]
    folds, checks = (table[table["fold"].isin(chosen)] for table in (folds, checks))
    rows = [
        *_parts(folds),
        *_shared(checks, utterances),
        _validation(folds),
        _classes(folds, utterances),
        *_extractors(corpus),
        _masks(experiment),
        _origin(experiment, corpus),
        *_size(experiment, speakers),
    ]
    return pd.DataFrame(rows, columns=["check", "verdict", "found"])


def write_audit(
    experiment: dict,
    corpus: dict,
    checks_csv: str | Path,
    folds_csv: str | Path,
    utterances_csv: str | Path,
    intervals_csv: str | Path,
    folder: str | Path,
) -> None:
    """Write ``{name}_audit`` as csv and md; see `audit`."""
    speakers = int(read_statistics(intervals_csv)["speakers"].iloc[0])
    tables = (read_table(path) for path in (checks_csv, folds_csv, utterances_csv))
    found = audit(experiment, corpus, *tables, speakers)
    caption = f"Validity of experiment {experiment['name']} on {experiment['corpus']}"
    notes = [
        f"{PROBLEM}: figures are too good; {WARNING}: they may be; {NOTE}: to be said with them; "
        f"{NOT_KNOWN}: nothing says whether."
    ]
    for suffix, text in {
        "csv": found.to_csv(index=False),
        "md": frame_markdown(caption, found, notes),
    }.items():
        with whole(Path(folder) / f"{experiment['name']}_audit.{suffix}") as unfinished:
            unfinished.write_text(text, encoding="utf-8")


def _parts(folds: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    parts = folds.groupby(["fold", "utterance"])["part"].nunique()
    twice = int((parts > 1).sum())
    found = f"{count(twice, 'utterance')} in two parts of one fold"
    yield "an utterance in two parts", PROBLEM if twice else OK, found


def _shared(checks: pd.DataFrame, utterances: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    counted = checks.assign(count=checks["count"].astype(int))
    for (shared, parts), rows in counted.groupby(["shared", "parts"], sort=False):
        least, most = rows["count"].min(), rows["count"].max()
        verdict = OK
        if most:
            verdict = _SHARED[shared]
            if parts != TRAIN_TEST and verdict == PROBLEM:
                verdict = WARNING
        unit = "utterances with a twin" if shared in ("texts", "recordings") else shared
        found = f"{least} {unit}" if least == most else f"{least} to {most} {unit}"
        yield f"{shared} shared by {parts}", verdict, f"{found} in each fold"
    if "dialogues" not in set(checks["shared"]):
        yield "dialogues shared", NOT_KNOWN, "the index names no dialogues"
    if not (utterances["text"] != "").any():
        yield "texts shared", NOT_KNOWN, "the index has no texts"
    if not (utterances[["audio", "video"]] != "").any(axis=None):
        yield "recordings shared", NOT_KNOWN, "the index has no recordings"


def _validation(folds: pd.DataFrame) -> tuple[str, str, str]:
    parts = {key: frozenset(rows["utterance"]) for key, rows in folds.groupby(["fold", "part"])}
    tests = {members: fold for (fold, part), members in parts.items() if part == "test"}
    swapped = [
        f"{fold} ({tests[members]})"
        for (fold, part), members in parts.items()
        if part == "validation" and members in tests
    ]
    check = "validation used as test"
    if not swapped:
        return check, OK, "no fold validates on what another one tests on"
    return (
        check,
        NOTE,
        "Epochs are chosen by the validation part of the same fold alone. But these folds "
        f"validate on what another one (in brackets) tests on: {', '.join(swapped)}; a "
        "hyperparameter chosen by validation figures of several folds has seen test data",
    )


def _classes(folds: pd.DataFrame, utterances: pd.DataFrame) -> tuple[str, str, str]:
    label = utterances.set_index("utterance")["label"]
    used = folds.assign(label=folds["utterance"].map(label))
    every = set(used["label"])
    test = used[used["part"] == "test"].groupby("fold")["label"].agg(set)
    lacking = [
        f"{fold} ({', '.join(sorted(every - own))})" for fold, own in test.items() if every - own
    ]
    found = f"folds that test on fewer: {', '.join(lacking)}" if lacking else "in every fold"
    return "all classes in the test part", WARNING if lacking else OK, found


def _extractors(corpus: dict) -> Iterator[tuple[str, str, str]]:
    for extractor, trained_on in corpus["extractors"].items():
        check = f"{extractor} was trained on this corpus"
        if trained_on is None:
            yield check, NOT_KNOWN, "nothing says what the network behind it was trained on"
        elif not trained_on:
            yield check, OK, "nothing in it was trained"
        elif common := sorted(set(trained_on) & set(corpus["contains"])):
            yield check, PROBLEM, f"{', '.join(common)} trained it and is part of the corpus"
        elif corpus["contains"] or corpus["generated"]:
            yield check, OK, f"trained on {', '.join(trained_on)}"
        else:
            found = f"trained on {', '.join(trained_on)}; the corpus does not say what it contains"
            yield check, NOT_KNOWN, found


def _masks(experiment: dict) -> tuple[str, str, str]:
    told = experiment.get("given_mask", [])
    found = f"told which modalities are corrupted: {', '.join(told) or 'no model'}"
    return "who was told the mask", NOTE if told else OK, found


def _origin(experiment: dict, corpus: dict) -> tuple[str, str, str]:
    check, contains = "generated or composed data", corpus["contains"]
    about = f"all figures of {experiment['name']} stand on"
    if corpus["generated"]:
        return check, PROBLEM, f"{about} data that the workflow made; no evidence about people"
    if len(contains) > 1:
        return check, WARNING, f"{about} data composed of {', '.join(contains)}"
    return check, OK, "the config names no generator and not several sources"


def _size(experiment: dict, speakers: int) -> Iterator[tuple[str, str, str]]:
    few = speakers < MIN_SPEAKERS
    found = f"intervals rest on {count(speakers, 'speaker')}"
    yield "enough speakers", WARNING if few else OK, found + few * f", fewer than {MIN_SPEAKERS}"
    folds, seeds = len(experiment["folds"]), len(experiment["seeds"])
    found = f"{count(folds, 'fold')}, {count(seeds, 'seed')}"
    if folds == 1:
        found += "; no test between models is possible"
    if seeds == 1:
        found += "; chance in training is not seen apart from the folds'"
    yield "repetitions", WARNING if 1 in (folds, seeds) else OK, found
