"""The interface of extractors."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from robust_mer.errors import UtteranceError
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.modality import Encoder
from robust_mer.settings import Settings


class Extractor(ABC):
    """Extracts one kind of features.

    To add an extractor, write a subclass and name it in the config as ``module:Class``. Planning a
    run imports it, so import torch and other slow packages inside its methods.

    Args:
        settings: Of type ``settings_class``. The constructor raises InputError if they do not
            fit the files that they name, such as weights.
    """

    settings_class: ClassVar[type[Settings]] = Settings
    modality: ClassVar[Literal["audio", "video", "text"]]
    looks_at_faces: ClassVar[bool] = False
    """Whether it looks at faces, unless its setting ``of`` is ``frame``."""
    reads_tables: ClassVar[bool] = False
    """Whether it reads tables that were made of the recordings, which then cannot be corrupted."""
    uses_gpu: ClassVar[bool] = False
    """Whether it uses a GPU where there is one."""
    trained_on: ClassVar[tuple[str, ...] | None] = None
    """Collections that its network was trained on; empty: nothing was trained; None: unknown."""
    encoder: ClassVar[Encoder] = "recurrent"
    """What models encode its frames with."""
    unfilled: ClassVar[dict[str, str]] = {}
    """Features that it leaves NaN, and why; all others are finite."""
    approximate: ClassVar[str] = ""
    """In which respect its features are not those of their source; empty: they are."""
    takes_many: ClassVar[bool] = False
    """Whether it is faster on many utterances at once, so that `extract_all` is called first."""
    shard_size: ClassVar[int | None] = None
    """How many utterances it takes at once; None: any number."""

    working_memory: ClassVar[int] = 0
    """MB that a process needs for a long utterance, in addition to decoding and the network."""

    names: Sequence[str]
    """One for each feature."""
    frame_rate: float | None = None
    """Frames per second; None where frames are words or tokens."""
    weights_sha256: str = ""
    """Of the file with the network's weights; empty if there is none."""
    layers: Sequence[int] = ()
    """Numbers of the layers that a frame holds side by side, so that models learn their weighted
    sum; empty: models receive frames as they are."""
    max_processes: int | None = None
    """How many processes may run it in parallel: 1 for a network on a GPU, or for a table that
    fills the memory; None: any number."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @abstractmethod
    def extract(self, utterance: Utterance) -> Extraction:
        """Features of one utterance.

        Raises:
            UtteranceError: the utterance cannot be used, with the reason.
        """

    def extract_all(self, utterances: list[Utterance]) -> list[Extraction | UtteranceError]:
        """Features of several utterances, in their order.

        Where this raises, they are extracted one by one.
        """
        outcomes: list[Extraction | UtteranceError] = []
        for utterance in utterances:
            try:
                outcomes.append(self.extract(utterance))
            except UtteranceError as error:
                outcomes.append(error)
        return outcomes

    @classmethod
    def rate_of(cls, settings: Settings) -> float | None:
        """Frames per second with these settings, which planning asks without loading anything.

        0 where frames do not follow each other at one rate; None where only an instance tells.
        """
        del settings
        return cls.frame_rate

    @classmethod
    def remarks(cls) -> dict[str, Any]:
        """What the feature file says of its features beside the settings."""
        remarks = {"approximate": cls.approximate, "unfilled": cls.unfilled}
        return {key: remark for key, remark in remarks.items() if remark}
