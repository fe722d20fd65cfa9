"""Swapped words."""

from robust_mer.corruption.raw.draws import Draws


def corrupt(words: list[str], amount: float, draws: Draws) -> list[str]:
    """Words of which ``amount`` percent, at random, have exchanged places, two and two."""
    swapped = list(words)
    generator = draws.of()
    order = generator.permutation(len(words))
    pairs = [(order[i], order[i + 1]) for i in range(0, len(words) - 1, 2)]
    chosen = min(len(pairs), int(len(words) * amount / 200 + generator.random()))
    for first, second in pairs[:chosen]:
        swapped[first], swapped[second] = words[second], words[first]
    return swapped
