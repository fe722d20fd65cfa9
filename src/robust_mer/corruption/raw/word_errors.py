"""Errors like a speech recogniser's, at a word error rate."""

import difflib
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from robust_mer.corruption.raw.draws import Draws, some_of
from robust_mer.corruption.raw.kind import WordsKind
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from robust_mer.corruption.raw.others import Others

_NEAR = 3  # candidates for misheard words
_LIKENESS = 0.5  # least similarity of candidates (difflib's ratio)


class WordErrorsSettings(Settings):
    """Settings of `WordErrors`."""

    deletions: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Fraction of the errors that are deletions. Errors that are neither deletions nor insertions
    are substitutions."""
    insertions: Annotated[float, Field(ge=0, le=1)] = 0.15
    """Fraction of the errors that are insertions."""

    @model_validator(mode="after")
    def _check_sum(self) -> Self:
        if self.deletions + self.insertions > 1:
            raise ValueError(
                f"deletions, {self.deletions:g}, and insertions, {self.insertions:g}, are shares "
                "of all errors and must not exceed 1 together"
            )
        return self


class WordErrors(WordsKind):
    """Errors at a word error rate of ``amount`` percent."""

    settings_class = WordErrorsSettings
    settings: WordErrorsSettings
    unit = "%"
    lowest, highest = 0, 100
    needs_others = True

    def corrupt(self, words: list[str], amount: float, draws: Draws) -> list[str]:
        """The words with a word error rate of ``amount`` percent.

        Each error affects a different word: it is dropped, followed by an inserted word, or
        replaced by one with similar spelling. New words come from utterances of other speakers (see
        `Pool`); inserted ones are drawn by their frequency. The last remaining word is not dropped.
        """
        generator = draws.of()
        wrong = set(some_of(len(words), amount, generator).tolist())
        kind, choice = generator.random((2, len(words)))
        vocabulary = _vocabulary(draws.others)
        received, remaining = [], len(words)
        for place, word in enumerate(words):
            if place not in wrong:
                received.append(word)
            elif kind[place] >= 1 - self.settings.insertions:
                received += [word, vocabulary.any(choice[place])]
            elif kind[place] < self.settings.deletions and remaining > 1:
                remaining -= 1
            else:
                received.append(vocabulary.misheard(word, choice[place]))
        return received


class _Vocabulary:
    def __init__(self, texts: list[str]) -> None:
        counts = Counter(core.lower() for text in texts for _, core, _ in map(_split, text.split()))
        del counts[""]
        self._words = sorted(counts)
        self._share = np.cumsum([counts[word] for word in self._words]) / max(1, counts.total())
        self._near: dict[str, list[str]] = {}

    def any(self, choice: float) -> str:
        """A word, drawn by its frequency; ``choice`` is uniform in [0, 1)."""
        if not self._words:
            return "uh"
        return self._words[min(int(np.searchsorted(self._share, choice)), len(self._words) - 1)]

    def misheard(self, word: str, choice: float) -> str:
        """A word of similar spelling, with the case and punctuation of ``word``."""
        prefix, stem, suffix = _split(word)
        alternatives = self._like(stem.lower())
        replacement = (
            alternatives[int(choice * len(alternatives))] if alternatives else self.any(choice)
        )
        if stem[:1].isupper():
            replacement = (
                replacement.upper()
                if len(stem) > 1 and stem.isupper()
                else replacement.capitalize()
            )
        return prefix + replacement + suffix

    def _like(self, word: str) -> list[str]:
        if word not in self._near:
            matches = difflib.get_close_matches(word, self._words, _NEAR + 1, _LIKENESS)
            self._near[word] = [other for other in matches if other != word][:_NEAR]
        return self._near[word]


@lru_cache(maxsize=32)
def _vocabulary(others: "Others") -> _Vocabulary:
    return _Vocabulary([utterance.text for utterance in others.utterances])


def _split(word: str) -> tuple[str, str, str]:
    """Punctuation before a word, the word, and punctuation after it."""
    parts = re.fullmatch(r"(\W*)(.*?)(\W*)", word, re.DOTALL)
    assert parts is not None  # all three may be empty
    return parts[1], parts[2], parts[3]
