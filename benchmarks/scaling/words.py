"""A reader whose words are the same for every utterance."""

from pathlib import Path

from robust_mer.corpora.reader import Word, WordReader, WordTimes
from robust_mer.corpora.utterances import Reading
from robust_mer.settings import Settings


class SameWordsSettings(Settings):
    """Settings of `SameWords`."""

    count: int = 10
    """Words of an utterance."""


class SameWords(WordReader):
    """Gives every utterance the same words; it reads no corpus."""

    settings_class = SameWordsSettings
    settings: SameWordsSettings

    def tables(self) -> list[Path]:
        """None."""
        return []

    def read(self) -> Reading:
        """Nothing."""
        return Reading()

    def word_tables(self) -> list[Path]:
        """None."""
        return []

    def words(self) -> WordTimes:
        """A word a second."""
        words = [Word("word", float(n), n + 0.5) for n in range(self.settings.count)]
        return lambda row: words
