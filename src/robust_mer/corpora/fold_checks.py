"""What the parts of a fold have in common: speakers, sessions, dialogues, texts, recordings."""

import re
import unicodedata

import numpy as np
import pandas as pd

from robust_mer.errors import InputError
from robust_mer.jobs import log
from robust_mer.table import groups
from robust_mer.tasks.task import Task, read_targets

TRAIN_VALIDATION, TRAIN_TEST = "train and validation", "train and test"
VALIDATION_TEST = "validation and test"

_PAIRS = {
    TRAIN_VALIDATION: ("train", "validation"),
    TRAIN_TEST: ("train", "test"),
    VALIDATION_TEST: ("validation", "test"),
}
_MERGE = ", or merge or leave out the class by the map `labels` in the config"
_ALL, _SPEAKERS = {"speakers", "sessions", "dialogues"}, {"speakers"}
# What a scheme promises that two parts do not share. Parts that a corpus brings promise nothing.
_PROMISES = {
    "session_speakers": {
        TRAIN_VALIDATION: _ALL,
        TRAIN_TEST: _ALL,
        VALIDATION_TEST: _SPEAKERS,  # they are partners in the same dialogues
    },
    "session_groups": dict.fromkeys(_PAIRS, _ALL),
    "speakers": dict.fromkeys(_PAIRS, _SPEAKERS),
    "speaker_groups": dict.fromkeys(_PAIRS, _SPEAKERS),
    "part": {},
}


def check_folds(
    folds: pd.DataFrame, utterances: pd.DataFrame, media: pd.DataFrame, scheme: str
) -> pd.DataFrame:
    """Count what every two parts of every fold have in common.

    Args:
        folds: As of `robust_mer.corpora.folds.make_folds`.
        utterances: The index; an empty cell is not known and shared with nobody.
        media: Path, bytes and hash of every recording.
        scheme: How the folds were made.

    Returns:
        Columns ``fold, parts, shared, count, promised``. ``shared`` is ``speakers``, ``sessions``
        or ``dialogues``, with the number of them that both parts have, or ``texts`` or
        ``recordings``, with the number of utterances of the second part that have a twin in the
        first: the same words, but for case and punctuation, or a recording of the same content,
        cut at the same times. ``promised`` is ``none`` where the scheme promises that there are
        none, else empty.

    Raises:
        InputError: two parts share what the scheme promises that they do not.
    """
    keys = {"speakers": utterances["speaker"], "sessions": utterances["session"]}
    if "dialogue" in utterances:
        named = utterances["session"] + ": " + utterances["dialogue"]
        keys["dialogues"] = named.where(utterances["dialogue"] != "", "")
    texts = _numbers(utterances["text"].map(_normalised))
    contents = [_numbers(content) for content in _contents(utterances, media)]
    numbers = {shared: _numbers(key) for shared, key in keys.items()}
    place = dict(zip(utterances["utterance"], range(len(utterances)), strict=True))
    folds = folds.assign(place=folds["utterance"].map(place))
    rows = []
    for fold, of_fold in folds.groupby("fold", sort=True):
        members = {part: rows["place"].to_numpy() for part, rows in of_fold.groupby("part")}
        for pair, (one, other) in _PAIRS.items():
            first, second = members[one], members[other]
            promised = _PROMISES[scheme].get(pair, set())
            for shared, key in keys.items():
                twins = second[_twins(numbers[shared], first, second)]
                common = sorted(set(key.iloc[twins]))
                rows.append((fold, pair, shared, len(common), "none" * (shared in promised)))
                if common and shared in promised:
                    raise InputError(
                        f"folds: in fold {fold}, {pair} share {len(common)} {shared}, e.g. "
                        f"{common[0]!r}; the scheme {scheme!r} does not suit this corpus; "
                        "choose another"
                    )
            rows.append((fold, pair, "texts", int(_twins(texts, first, second).sum()), ""))
            twins = np.any([_twins(content, first, second) for content in contents], axis=0)
            rows.append((fold, pair, "recordings", int(twins.sum()), ""))
    return pd.DataFrame(rows, columns=["fold", "parts", "shared", "count", "promised"])


def check_targets(folds: pd.DataFrame, utterances: pd.DataFrame, task: Task) -> None:
    """Check that models can learn the targets; warn of parts in which measures lack something.

    Args:
        folds: As of `robust_mer.corpora.folds.make_folds`.
        utterances: The index.
        task: What is predicted.

    Raises:
        InputError: the targets cannot be read, or the training part of a fold lacks a class, say.
    """
    learnt, target = read_targets(utterances, task)
    counts = learnt.counts(target)
    if len(counts) == 1:
        raise InputError(
            f"folds: all {len(utterances)} utterances have the {task.columns[0]} {min(counts)!r}; "
            "expected two or more classes. Check the corpus' labels, and the map `labels` in the "
            "config"
        )
    place = dict(zip(utterances["utterance"], range(len(utterances)), strict=True))
    for (fold, part), rows in groups(folds, ["fold", "part"]):
        problem = learnt.problem(target[rows["utterance"].map(place)])
        if problem is None:
            continue
        what = f"the {part} part of fold {fold} has {problem}"
        if part == "train":
            raise InputError(
                f"folds: {what}: a model cannot learn it. Choose another scheme"
                + _MERGE * (learnt.encoding == "class")
            )
        log.warning("%s: measures cannot take it into account", what)


def _numbers(key: pd.Series) -> np.ndarray:
    """A number for each different value [N]; -1 where it is empty."""
    return pd.factorize(key.where(key != ""))[0]


def _twins(numbers: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Which of the second part's utterances have a number that the first part has too."""
    known = np.zeros(len(numbers) + 1, dtype=bool)
    known[numbers[first]] = True
    known[-1] = False  # the place of the empty ones
    return known[numbers[second]]


def _normalised(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[^\w\s]|_", "", text).split())


def _contents(table: pd.DataFrame, media: pd.DataFrame) -> list[pd.Series]:
    """By modality, what an utterance's recording holds; empty where it has none."""
    content = dict(zip(media["path"], media["bytes"] + " " + media["hash"], strict=True))
    times = " " + table["start"] + " " + table["end"]
    contents = []
    for modality in ("audio", "video"):
        held = table[modality].map(lambda path: content.get(path, ""))
        cut = times.where((modality == "video") | (table["audio_is_cut"] != "1"), "")
        contents.append((held + cut).where(held != "", ""))
    return contents
