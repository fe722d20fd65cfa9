"""When each word of a corpus is said: ``words.csv``, for features that are aligned to words."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from robust_mer.errors import InputError, UtteranceError
from robust_mer.files import whole
from robust_mer.jobs import log
from robust_mer.settings import load
from robust_mer.table import read_table


class Word(NamedTuple):
    """A word of an utterance."""

    word: str
    start: float  # seconds from the utterance's beginning
    end: float


# What a reader's function ``words(root, settings)`` returns: the words of a row of the index, in
# their order; UtteranceError(reason) where they are not known.
WordTimes = Callable[[dict[str, str]], list[Word]]


def index_words(
    words_csv: str | Path,
    problems_csv: str | Path,
    utterances_csv: str | Path,
    root: str | Path,
    implementation: str,
    settings: dict,
    max_left_out: float,
) -> None:
    """Write when each word of an indexed corpus is said.

    Args:
        words_csv: A word a row: ``utterance, word, start, end``, in seconds from the utterance's
            beginning.
        problems_csv: Utterances without words, and why: ``utterance, problem``.
        utterances_csv: The index.
        root: The corpus' folder.
        implementation: ``"module:words"`` of the corpus' reader.
        settings: The reader's complete settings.
        max_left_out: Largest fraction of utterances that may have none.

    Raises:
        InputError: the corpus does not bring the times, or too many utterances have none.
    """
    words_of: WordTimes = load(implementation)(Path(root), settings)
    rows, problems = [], []
    utterances = read_table(utterances_csv).to_dict("records")
    for row in utterances:
        try:
            words = words_of(row)
            _check(words)
        except UtteranceError as error:
            problems.append((row["utterance"], str(error)))
            continue
        rows += [(row["utterance"], w.word, round(w.start, 6), round(w.end, 6)) for w in words]
    if len(problems) > max_left_out * len(utterances):
        first = "; ".join(f"{utterance}: {problem}" for utterance, problem in problems[:3])
        raise InputError(
            f"{len(problems)} of {len(utterances)} utterances have no word times, more than the "
            f"fraction {max_left_out:g} that the corpus' max_left_out allows. First ones: {first}. "
            "Without word times, leave out aligned_to in the corpus' modalities"
        )
    with whole(words_csv) as unfinished:
        columns = ["utterance", "word", "start", "end"]
        pd.DataFrame(rows, columns=columns).to_csv(unfinished, index=False)
    with whole(problems_csv) as unfinished:
        columns = ["utterance", "problem"]
        pd.DataFrame(problems, columns=columns).to_csv(unfinished, index=False)
    log.info("%d words of %d utterances", len(rows), len(utterances) - len(problems))
    for utterance, problem in problems[:10]:
        log.info("%s: %s", utterance, problem)
    if len(problems) > 10:
        log.info("%d utterances have no word times, see %s", len(problems), problems_csv)


def _check(words: list[Word]) -> None:
    if not words:
        raise UtteranceError("no words")
    before = 0.0
    for word in words:
        if not before <= word.start < word.end < math.inf:
            raise UtteranceError(
                f"times out of order: {word.word!r} from {word.start:g} to {word.end:g} s"
            )
        before = word.start
