"""Masked words."""

from robust_mer.corruption.raw.draws import Draws, some_of

SETTINGS = {
    # What stands in place of a word; [MASK] is BERT's own token.
    "mask": "[MASK]",
}


def corrupt(words: list[str], amount: float, draws: Draws, mask: str) -> list[str]:
    """Words of which ``amount`` percent, at random, are masked."""
    masked = list(words)
    for place in some_of(len(words), amount, draws.of()):
        masked[place] = mask
    return masked
