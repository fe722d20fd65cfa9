"""When each word of a corpus is said: ``words.csv``, for features that are aligned to words."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from robust_mer.corpora.reader import Word, WordReader
from robust_mer.errors import InputError, UtteranceError
from robust_mer.files import whole
from robust_mer.jobs import log
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.table import read_table

_SHOWN = 10  # problems in the log


@dataclass(frozen=True)
class WordsSpec:
    """What makes a table of word times."""

    reader: Plugin
    """A `robust_mer.corpora.reader.WordReader`."""


@dataclass(frozen=True)
class WordsFiles:
    """Files of a table of word times."""

    words: Path
    """Output: a word a row: ``utterance, word, start, end``, in seconds from the utterance's
    beginning."""
    problems: Path
    """Output: utterances without words, and why: ``utterance, problem``; then what else is wrong
    with the tables of words."""
    utterances: Path
    """Input: the index."""
    tables: list[Path] = field(default_factory=list)
    """Input: the corpus' own tables of words, for Snakemake to watch."""


def index_words(spec: WordsSpec, files: WordsFiles, runtime: Runtime) -> None:
    """Write when each word of an indexed corpus is said.

    Uses ``root`` and ``max_left_out`` of the runtime.

    Raises:
        InputError: the corpus does not bring the times, or too many utterances have none.
    """
    import pandas as pd

    reader: WordReader = spec.reader.build(Path(runtime.root))
    words_of = reader.words()
    rows, problems = [], []
    utterances = read_table(files.utterances)
    for values in utterances.itertuples(index=False, name=None):
        row = dict(zip(utterances.columns, values, strict=True))
        try:
            words = words_of(row)
            check_words(words)
        except UtteranceError as error:
            problems.append((row["utterance"], str(error)))
            continue
        rows += [(row["utterance"], w.word, round(w.start, 6), round(w.end, 6)) for w in words]
    if len(problems) > runtime.max_left_out * len(utterances):
        first = "; ".join(f"{utterance}: {problem}" for utterance, problem in problems[:3])
        raise InputError(
            f"{len(problems)} of {len(utterances)} utterances have no word times, more than the "
            f"fraction {runtime.max_left_out:g} that max_left_out of the corpus allows. The first: "
            f"{first}. If there are no word times, remove aligned_to from the corpus' modalities"
        )
    listed = problems + reader.word_problems(utterances["utterance"])
    with whole(files.words) as unfinished:
        columns = ["utterance", "word", "start", "end"]
        pd.DataFrame(rows, columns=columns).to_csv(unfinished, index=False)
    with whole(files.problems) as unfinished:
        columns = ["utterance", "problem"]
        pd.DataFrame(listed, columns=columns).to_csv(unfinished, index=False)
    log.info("%d words of %d utterances", len(rows), len(utterances) - len(problems))
    for utterance, problem in listed[:_SHOWN]:
        log.info("%s: %s", utterance, problem)
    if len(listed) > _SHOWN:
        log.info("number of problems: %d, see %s", len(listed), files.problems)


def check_words(words: list[Word]) -> None:
    """Check that words follow each other.

    Raises:
        UtteranceError: there are none, or their times are out of order.
    """
    if not words:
        raise UtteranceError("no words")
    before = 0.0
    for word in words:
        if not before <= word.start < word.end < math.inf:
            raise UtteranceError(
                f"times out of order: {word.word!r} from {word.start:g} to {word.end:g} s"
            )
        before = word.start
