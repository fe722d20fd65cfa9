"""Kinds of raw corruption: the signal that they change and the unit of their amount."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from robust_mer.corruption.raw.draws import Draws
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from robust_mer.corruption.raw.signals import RawCorruption

Signal = Literal["audio", "frames", "picture", "words"]

Amount = float | tuple[float, float]
"""In a kind's unit: that of all utterances, or the ends of a range, in which each has its own."""

MODALITY: dict[Signal, str] = {
    "audio": "audio",
    "frames": "video",
    "picture": "video",
    "words": "text",
}
"""The modality that a signal belongs to."""


class RawKind(ABC):
    """A kind of corruption of recordings or transcripts.

    To add a kind, write a subclass of `AudioKind`, `FramesKind`, `PictureKind` or `WordsKind`.

    Args:
        settings: Of type ``settings_class``.
    """

    settings_class: ClassVar[type[Settings]] = Settings
    signal: ClassVar[Signal]
    """Input of `corrupt`: samples of the audio, numbers of the video's frames, each picture or the
    words."""
    unit: ClassVar[Literal["dB", "%", "px", "ms"]]
    """Of the amount."""
    lowest: ClassVar[float]
    """Smallest amount."""
    highest: ClassVar[float]
    """Largest amount."""
    needs_others: ClassVar[bool] = False
    """Whether it reads the corpus' index and folds, for utterances of other speakers or to keep
    training and test apart."""
    of_rest: ClassVar[bool] = False
    """Whether the amount is the remaining part of the signal, so that less is worse."""

    corrupt: Callable[..., Any]

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def at(
        self, name: str, amount: Amount, seed: int, tables: tuple[Path, Path, Path] | None = None
    ) -> "RawCorruption":
        """The corruption at an amount, for extraction to apply to every utterance.

        Args:
            name: Of the kind in the config; part of the key of the random numbers.
            amount: One, or a range.
            seed: Of the random numbers.
            tables: Index, folds and root of the corpus, for a kind that needs them.
        """
        from robust_mer.corruption.raw.signals import RawCorruption

        return RawCorruption(self, name, amount, seed, tables)


class AudioKind(RawKind):
    """A kind that changes samples."""

    signal = "audio"

    @abstractmethod
    def corrupt(self, samples: np.ndarray, rate: int, amount: float, draws: Draws) -> np.ndarray:
        """Corrupted samples: float32 [samples], at ``rate`` Hz."""


class FramesKind(RawKind):
    """A kind that changes which frames of a video are visible."""

    signal = "frames"

    @abstractmethod
    def corrupt(self, frames: np.ndarray, amount: float, draws: Draws) -> np.ndarray:
        """Numbers of the frames seen in place of the requested ones (ascending); -1: none [n]."""


class PictureKind(RawKind):
    """A kind that changes pictures."""

    signal = "picture"

    @abstractmethod
    def corrupt(self, picture: np.ndarray, frame: int, amount: float, draws: Draws) -> np.ndarray:
        """The corrupted picture of this frame: BGR, uint8 [h, w, 3]."""


class WordsKind(RawKind):
    """A kind that changes words."""

    signal = "words"

    @abstractmethod
    def corrupt(self, words: list[str], amount: float, draws: Draws) -> list[str]:
        """The corrupted words."""
