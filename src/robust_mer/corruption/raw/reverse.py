"""Reversed words."""

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import WordsKind


class ReverseWords(WordsKind):
    """The words in reversed order; the amount is always 100 percent."""

    unit = "%"
    lowest = highest = 100

    def corrupt(self, words: list[str], amount: float, draws: Draws) -> list[str]:
        """The reversed words."""
        return words[::-1]
