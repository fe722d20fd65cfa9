"""Random numbers and other speakers for a raw corruption, as a function of a key only."""

from typing import TYPE_CHECKING

import numpy as np

from robust_mer.corruption.counter import counter_generator

if TYPE_CHECKING:
    from robust_mer.corruption.raw.others import Others


class Draws:
    """Random numbers and other speakers for the corruption of one utterance.

    The amount is not part of the key: amounts scale the same noise, and packets or words that are
    lost at 10 % are also lost at 20 %.

    Args:
        key: The random numbers depend on it: (seed, kind, utterance).
        others: Utterances of other speakers, for a kind that needs them.
    """

    def __init__(self, *key: str | int, others: "Others | None" = None) -> None:
        self._key, self._others = key, others

    def of(self, *more: str | int) -> np.random.Generator:
        """A generator for this key and ``more``, e.g. the number of a frame."""
        return counter_generator(*self._key, *more)

    @property
    def others(self) -> "Others":
        """Utterances of other speakers."""
        if self._others is None:
            raise RuntimeError("a kind that draws on other speakers must set needs_others")
        return self._others


def some_of(count: int, percent: float, generator: np.random.Generator) -> np.ndarray:
    """Random ``percent`` of the places 0 to ``count`` - 1, in random order.

    A fractional number is rounded up or down at random, so that the percentage also holds for short
    utterances on average. The places at a smaller percentage are among those at a larger one.
    """
    order = generator.permutation(count)
    return order[: min(count, int(count * percent / 100 + generator.random()))]
