"""Errors like a speech recogniser's, at a word error rate."""

import difflib
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from robust_mer.corruption.raw.draws import Draws, some_of
from robust_mer.corruption.raw.kind import WordsKind
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from robust_mer.corruption.raw.others import Others

_NEAR = 3  # words that one is misheard as
_LIKENESS = 0.5  # of two words, by which one is misheard as the other (difflib's ratio)


class WordErrorsSettings(Settings):
    """Settings of `WordErrors`."""

    deletions: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Fraction of the errors that are deletions. What insertions and deletions leave are
    substitutions."""
    insertions: Annotated[float, Field(ge=0, le=1)] = 0.15
    """Fraction of the errors that are insertions."""


class WordErrors(WordsKind):
    """What is understood at a word error rate of ``amount`` percent."""

    settings_class = WordErrorsSettings
    settings: WordErrorsSettings
    unit = "%"
    lowest, highest = 0, 100
    needs_others = True

    def corrupt(self, words: list[str], amount: float, draws: Draws) -> list[str]:
        """What is understood at a word error rate of ``amount`` percent.

        Every error belongs to another word: it is dropped, or followed by one that nobody said, or
        taken for one that is written alike. All words that come in are from others' utterances (see
        `Pool`), inserted ones as often as they say them. The last word that is left is not dropped.
        """
        generator = draws.of()
        wrong = set(some_of(len(words), amount, generator).tolist())
        kind, choice = generator.random((2, len(words)))
        vocabulary = _vocabulary(draws.others)
        heard, left = [], len(words)
        for place, word in enumerate(words):
            if place not in wrong:
                heard.append(word)
            elif kind[place] >= 1 - self.settings.insertions:
                heard += [word, vocabulary.any(choice[place])]
            elif kind[place] < self.settings.deletions and left > 1:
                left -= 1
            else:
                heard.append(vocabulary.misheard(word, choice[place]))
        return heard


class _Vocabulary:
    def __init__(self, texts: list[str]) -> None:
        counts = Counter(core.lower() for text in texts for _, core, _ in map(_split, text.split()))
        del counts[""]
        self._words = sorted(counts)
        self._share = np.cumsum([counts[word] for word in self._words]) / max(1, counts.total())
        self._near: dict[str, list[str]] = {}

    def any(self, choice: float) -> str:
        """A word, frequent ones more often; ``choice`` is uniform in [0, 1)."""
        if not self._words:
            return "uh"
        return self._words[min(int(np.searchsorted(self._share, choice)), len(self._words) - 1)]

    def misheard(self, word: str, choice: float) -> str:
        """One of the words that are written most like this one, with its capital and stops."""
        before, core, behind = _split(word)
        near = self._like(core.lower())
        heard = near[int(choice * len(near))] if near else self.any(choice)
        if core[:1].isupper():
            heard = heard.upper() if len(core) > 1 and core.isupper() else heard.capitalize()
        return before + heard + behind

    def _like(self, word: str) -> list[str]:
        if word not in self._near:
            found = difflib.get_close_matches(word, self._words, _NEAR + 1, _LIKENESS)
            self._near[word] = [other for other in found if other != word][:_NEAR]
        return self._near[word]


@lru_cache(maxsize=32)
def _vocabulary(others: "Others") -> _Vocabulary:
    return _Vocabulary([utterance.text for utterance in others.utterances])


def _split(word: str) -> tuple[str, str, str]:
    """What stands before, in and behind a word: quotation marks, the word, stops."""
    parts = re.fullmatch(r"(\W*)(.*?)(\W*)", word, re.DOTALL)
    assert parts is not None  # all three may be empty
    return parts[1], parts[2], parts[3]
