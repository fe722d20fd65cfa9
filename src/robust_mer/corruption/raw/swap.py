"""Swapped words."""

from robust_mer.corruption.raw.draws import Draws
from robust_mer.corruption.raw.kind import WordsKind


class SwapWords(WordsKind):
    """Swaps a random ``amount`` percent of the words in pairs."""

    unit = "%"
    lowest, highest = 0, 100

    def corrupt(self, words: list[str], amount: float, draws: Draws) -> list[str]:
        """The words in their new order."""
        swapped = list(words)
        generator = draws.of()
        order = generator.permutation(len(words))
        pairs = [(order[i], order[i + 1]) for i in range(0, len(words) - 1, 2)]
        count = min(len(pairs), int(len(words) * amount / 200 + generator.random()))
        for first, second in pairs[:count]:
            swapped[first], swapped[second] = words[second], words[first]
        return swapped
