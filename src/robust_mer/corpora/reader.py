"""What a reader is: a class that reads one kind of corpus from disk.

A user's reader is a subclass of `Reader`, named as ``module:Class`` in the config. It is imported
when a run is planned: import pandas and other slow packages inside its methods.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import ClassVar, NamedTuple

from robust_mer.corpora.feature_files import FeatureSource
from robust_mer.corpora.utterances import Reading
from robust_mer.settings import Settings


class Word(NamedTuple):
    """A word of an utterance."""

    word: str
    start: float
    """Seconds from the utterance's beginning."""
    end: float
    """Seconds from the utterance's beginning."""


WordTimes = Callable[[Mapping[str, str]], list[Word]]
"""The words of a row of the index, in their order. Raises UtteranceError(reason) where they are
unknown."""


class Reader(ABC):
    """Reads a corpus: its utterances with their labels, speakers, recordings and texts.

    Args:
        settings: Of the type `settings_class`.
        root: The corpus' folder.
    """

    settings_class: ClassVar[type[Settings]]
    """Type of the settings: the keys of the corpus in the config, apart from the workflow's."""
    signals: ClassVar[tuple[str, ...]] = ("audio", "video", "text")
    """The modalities that features can be extracted from, as far as an utterance has them."""
    needs_label: bool = True
    """Whether an utterance without a label is left out, because the label is the target."""

    def __init__(self, settings: Settings, root: Path) -> None:
        self.settings = settings
        self.root = root

    @classmethod
    def fits(cls, root: Path) -> bool:
        """Whether a folder looks like this corpus, by names alone and with the default settings.

        It is asked when another reader was given the folder, so it must be quick on any folder.
        """
        return False

    @abstractmethod
    def tables(self) -> list[Path]:
        """The corpus' own tables that `read` reads: if one of them changes, it is read again.

        Those that exist: a run can be planned before its corpus is there. Recordings are not
        watched. A corpus without tables is read again when its root changes.
        """

    @abstractmethod
    def read(self) -> Reading:
        """Read the corpus.

        Problems of an utterance are noted in the result, and may leave the utterance out. The
        label may be empty unless `needs_label` is set.

        Raises:
            WrongRootError: the folder holds no such corpus.
            InputError: the settings do not fit the corpus.
        """

    def answers(self) -> dict[str, str]:
        """Columns of the index with people's answers, by what these people met; none by default.

        Answers are classes as in the column ``label``. One that is no class is wrong, e.g. a tie;
        an empty one does not count.
        """
        return {}


class FeatureReader(Reader):
    """A reader of a corpus that brings published features."""

    signals: ClassVar[tuple[str, ...]] = ("text",)  # recordings are rare beside published features
    named_by: ClassVar[str | None] = None
    """The setting that names each modality's file or array; None if there is none."""

    @abstractmethod
    def sources(self, modality: str) -> list[Path]:
        """The files that the features of a modality come from, as far as they exist.

        Raises:
            InputError: the corpus has no features of the modality.
        """

    @abstractmethod
    def features(self, modality: str) -> FeatureSource:
        """The features of a modality.

        Raises:
            InputError: the corpus has no features of the modality, or their file is missing or
                damaged.
        """


class WordReader(Reader):
    """A reader of a corpus that says when each word is spoken."""

    @abstractmethod
    def word_tables(self) -> list[Path]:
        """The corpus' own tables that `words` reads, as far as they exist; see `Reader.tables`."""

    @abstractmethod
    def words(self) -> WordTimes:
        """The function that gives the words of an utterance.

        Raises:
            InputError: the corpus lacks the times.
        """

    def word_problems(self, utterances: Iterable[str]) -> list[tuple[str, str]]:
        """What else is wrong with the tables of words: (utterance or empty, problem).

        Args:
            utterances: Names of the indexed utterances.
        """
        return []
