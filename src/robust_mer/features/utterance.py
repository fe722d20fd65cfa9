"""What an extractor receives and what it returns."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from robust_mer.errors import NothingError, UtteranceError


@dataclass(frozen=True)
class Hearing:
    """How the recognition of an utterance's words ended."""

    failed: bool
    reason: str  # why there are no words, or what was remarked


@dataclass(frozen=True)
class Utterance:
    """One row of the index, with its files where they are on this machine."""

    utterance: str
    audio: Path | None
    video: Path | None
    region: str  # part of the picture that shows the speaker: left, right, "x,y,w,h" or "" for all
    start: float | None  # seconds into the video; None = from the beginning
    end: float | None  # seconds into the video; None = to the end
    text: str  # what is said, or what a recogniser heard
    audio_is_cut: bool  # the audio file is the utterance itself: start and end do not apply to it
    faces: Path | None = None  # file of the corpus' faces; None = they are looked for in the video
    # What is done to the signals between decoding and extraction; None leaves them as they are.
    # (A corrupted text stands in `text`.) The functions that decode apply it, extractors do not.
    alter_audio: Callable[[np.ndarray, int], np.ndarray] | None = None  # samples, rate -> samples
    alter_frames: Callable[[np.ndarray], np.ndarray] | None = None  # numbers asked for -> seen
    alter_picture: Callable[[np.ndarray, int], np.ndarray] | None = None  # BGR, number -> BGR
    hearing: Hearing | None = None  # of ``text``; None = it is the index's

    def file(self, modality: str) -> Path:
        """The recording of ``modality`` (``"audio"`` or ``"video"``).

        Raises:
            UtteranceError: the index names none, or it is not there.
        """
        path = self.audio if modality == "audio" else self.video
        if path is None:
            raise UtteranceError(f"no {modality} file named in the index")
        if not path.is_file():
            raise UtteranceError(f"{modality} file missing: {path}")
        return path

    def transcript(self) -> str:
        """The text, in which there is something.

        Raises:
            NothingError: a recogniser heard no words.
            UtteranceError: there is no transcript, or recognition failed.
        """
        if not self.text.strip():
            if self.hearing is None:
                raise UtteranceError("no transcript")
            kind = UtteranceError if self.hearing.failed else NothingError
            raise kind(f"no words recognised: {self.hearing.reason}")
        return self.text


@dataclass(frozen=True)
class Extraction:
    """What an extractor found in one utterance."""

    values: np.ndarray  # float32 [T, D]; T = 0 where nothing was found
    looked_at: int  # frames or tokens examined, with and without success
    seconds: float | None = None  # duration of the recording; None for text
    note: str = ""  # why there are no frames, or what was left out
    # Where frames lie that do not follow each other at the extractor's rate: [T], seconds from the
    # utterance's beginning, or numbers of words in the transcript; see `robust_mer.store.Features`.
    positions: np.ndarray | None = None


class SignalCorruption(Protocol):
    """What may be done to utterances between the index and an extractor."""

    def __call__(self, utterance: Utterance) -> Utterance:
        """The utterance as received: with functions that alter its signals, or another text."""

    def describe(self) -> dict[str, Any]:
        """What the feature file records beside the extractor's settings."""

    def identity(self) -> list[Any]:
        """All that a result depends on beside the utterance itself."""
