"""Masked words."""

from robust_mer.corruption.raw.draws import Draws, some_of
from robust_mer.corruption.raw.kind import WordsKind
from robust_mer.settings import Settings


class MaskWordsSettings(Settings):
    """Settings of `MaskWords`."""

    mask: str = "[MASK]"
    """Replacement of a word; the default is BERT's mask token."""


class MaskWords(WordsKind):
    """Masks a random ``amount`` percent of the words."""

    settings_class = MaskWordsSettings
    settings: MaskWordsSettings
    unit = "%"
    lowest, highest = 0, 100

    def corrupt(self, words: list[str], amount: float, draws: Draws) -> list[str]:
        """The words with masks among them."""
        masked = list(words)
        for place in some_of(len(words), amount, draws.of()):
            masked[place] = self.settings.mask
        return masked
