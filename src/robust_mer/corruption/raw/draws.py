"""What a raw corruption draws on: random numbers, a function of a key alone, and other speakers."""

from typing import TYPE_CHECKING

import numpy as np

from robust_mer.corruption.counter import counter_generator

if TYPE_CHECKING:
    from robust_mer.corruption.raw.others import Others


class Draws:
    """What the corruption of one utterance draws on.

    The amount is not part of the key: the same noise is scaled, and the packets or words that are
    lost at 10 % are lost at 20 % too.

    Args:
        key: What the random numbers depend on: (seed, kind, utterance).
        others: What other speakers say, for a kind that needs it.
    """

    def __init__(self, *key: str | int, others: "Others | None" = None) -> None:
        self._key, self._others = key, others

    def of(self, *more: str | int) -> np.random.Generator:
        """A generator for this key, e.g. one a frame: ``of(number of the frame)``."""
        return counter_generator(*self._key, *more)

    @property
    def others(self) -> "Others":
        """What other speakers say."""
        if self._others is None:
            raise RuntimeError("a kind that draws on other speakers must set needs_others")
        return self._others


def some_of(count: int, percent: float, generator: np.random.Generator) -> np.ndarray:
    """Places of ``percent`` of so many things, in random order.

    What the share leaves as a fraction is rounded up or down at random, so that short utterances
    keep it on average. Those chosen at a smaller share are among those chosen at a larger one.
    """
    order = generator.permutation(count)
    return order[: min(count, int(count * percent / 100 + generator.random()))]
