"""Reversed words."""

from robust_mer.corruption.raw.draws import Draws


def corrupt(words: list[str], amount: float, draws: Draws) -> list[str]:
    """The words in reversed order; there is nothing between none and all of it."""
    return words[::-1]
