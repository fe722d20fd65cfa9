"""Random numbers of raw corruptions: a function of a key alone."""

import numpy as np

from robust_mer.corruption.counter import counter_generator


class Draws:
    """Where the random numbers of a corruption of one utterance come from.

    The amount is not part of the key: the same noise is scaled, and the packets or words that are
    lost at 10 % are lost at 20 % too.

    Args:
        key: What the numbers depend on: (seed, kind, utterance).
    """

    def __init__(self, *key: str | int) -> None:
        self._key = key

    def of(self, *more: str | int) -> np.random.Generator:
        """A generator for this key, e.g. one a frame: ``of(number of the frame)``."""
        return counter_generator(*self._key, *more)


def some_of(count: int, percent: float, generator: np.random.Generator) -> np.ndarray:
    """Places of ``percent`` of so many things, in random order.

    What the share leaves as a fraction is rounded up or down at random, so that short utterances
    keep it on average. Those chosen at a smaller share are among those chosen at a larger one.
    """
    order = generator.permutation(count)
    return order[: min(count, int(count * percent / 100 + generator.random()))]
