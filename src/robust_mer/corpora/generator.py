"""What a generator is: a class that makes a corpus, for trying the pipeline without one."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin, Settings


class Generator(ABC):
    """Makes a corpus in the layout of one that a reader reads.

    It is imported when a run is planned: import slow packages inside its methods.

    Args:
        settings: Of the type `settings_class`.
    """

    settings_class: ClassVar[type[Settings]]

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @abstractmethod
    def make(self, root: Path, threads: int) -> None:
        """Write the corpus.

        The same settings give the same corpus, whatever the number of threads.

        Args:
            root: The folder; it appears when the corpus is complete.
            threads: How many processes may work at once.

        Raises:
            InputError: the folder holds something else.
        """


@dataclass(frozen=True)
class GeneratorSpec:
    """What makes a corpus."""

    generator: Plugin
    """A `Generator`."""


@dataclass(frozen=True)
class GeneratorFiles:
    """Files of a generated corpus."""

    corpus: Path
    """Output: its folder."""


def make_corpus(spec: GeneratorSpec, files: GeneratorFiles, runtime: Runtime) -> None:
    """Make a corpus with the ``threads`` of the runtime.

    Raises:
        InputError: the folder holds something else.
    """
    generator: Generator = spec.generator.build()
    generator.make(files.corpus, runtime.threads)
