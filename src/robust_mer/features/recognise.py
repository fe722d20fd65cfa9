"""Recognise the words of all utterances of a corpus, once for all extractors of text."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robust_mer.features.extract import Recipe, corruption_of, extract, read_utterances
from robust_mer.features.heard import TEXT_COLUMNS
from robust_mer.features.recogniser import RecognisedWord, words_of
from robust_mer.features.specs import RecogniseFiles, RecogniseSpec
from robust_mer.features.utterance import Utterance
from robust_mer.files import whole
from robust_mer.identity import code_identity
from robust_mer.jobs import log
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.table import read_table

RECOGNISER = "robust_mer.features.recogniser:Recogniser"
_SKIPPED = "not recognised: the index has a transcript"


def recognise_words(spec: RecogniseSpec, files: RecogniseFiles, runtime: Runtime) -> None:
    """Write what the recogniser hears, in shards, as features are extracted; a killed job resumes.

    Raises:
        InputError: the index or the model is wrong, or too many utterances failed.
    """
    utterances = read_utterances(files.utterances, Path(runtime.root))
    selected = [one for one in utterances if not (spec.only_missing and one.text.strip())]
    if not selected:
        log.info("all %d utterances have a transcript; none is recognised", len(utterances))
        _write_words(files.words, [], [])
        _write_texts(files.texts, pd.DataFrame(columns=TEXT_COLUMNS), utterances)
        return
    code = [code_identity(__name__, RECOGNISER)]
    corruption = corruption_of(spec.corruption, code, files.utterances, files.folds, runtime)

    def write(
        path: Path, names: list[str], frames: Iterable[np.ndarray], *_: Any, **__: Any
    ) -> None:
        heard = [words_of(one) for one in frames]
        texts = [" ".join(word.word for word in words) for words in heard]
        _write_words(files.words, names, heard)
        _write_texts(path, read_table(path).assign(recognised=texts), utterances)

    skipped = len(utterances) - len(selected)
    recipe = Recipe(Plugin(RECOGNISER, spec.settings), corruption, "", code, skipped=skipped)
    extract(recipe, selected, files.texts, files.texts, runtime, write)


def _write_texts(path: Path, recognised: pd.DataFrame, utterances: list[Utterance]) -> None:
    """Write a row for each utterance, in the order of the index."""
    skipped = {"status": "ok", "reason": _SKIPPED, "seconds": "", "recognised": ""}
    texts = recognised.set_index("utterance").reindex([one.utterance for one in utterances])
    texts = texts.fillna(skipped).reset_index()
    texts["transcript"] = [" ".join(utterance.text.split()) for utterance in utterances]
    with whole(path) as unfinished:
        texts[TEXT_COLUMNS].to_csv(unfinished, index=False)


def _write_words(path: Path, names: Sequence[str], heard: list[list[RecognisedWord]]) -> None:
    rows = [
        (name, word.word, *(round(t, 3) for t in (word.start, word.end)))
        for name, words in zip(names, heard, strict=True)
        for word in words
    ]
    with whole(path) as unfinished:
        pd.DataFrame(rows, columns=["utterance", "word", "start", "end"]).to_csv(
            unfinished, index=False
        )
