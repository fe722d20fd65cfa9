"""What readers of published features share: frames by utterance, padding, parts, polarity."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import numpy as np

from robust_mer.encodings import decode
from robust_mer.errors import InputError
from robust_mer.names import name_key

T = TypeVar("T")
Polarity = Literal["positive", "negative"]

SENTIMENT = "sentiment"
EMOTIONS = ("happy", "sad", "angry", "surprise", "disgust", "fear")
"""Columns of CMU-MOSEI's seven numbers, in its order: sentiment in [-3, 3], emotions in [0, 3]."""

_PARTS = {
    "train": ("train", "training", "trn"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "tst"),
}


class FeatureSource(Protocol):
    """Published features of one modality."""

    @property
    def file(self) -> Path:
        """The file that they come from, or the folder of ``.npy`` files."""

    @property
    def width(self) -> int:
        """Number of features D of a frame."""

    def frames(self, utterance: str) -> tuple[np.ndarray, int]:
        """Frames [T, D] of an utterance without padding, and how many frames of padding were cut.

        Raises UtteranceError(reason) where the file has none for the utterance.
        """


@dataclass(frozen=True)
class Arrays:
    """Utterances in rows of padded arrays."""

    file: Path
    width: int
    rows: Mapping[str, np.ndarray]
    """By utterance, frames [T, D] or one frame [D]; see `first_of_names`."""
    length: Mapping[str, int] | None = None
    """By utterance, the number of frames at the front that are real. None where the file does not
    say: frames of zeros at either end then count as padding."""

    def frames(self, utterance: str) -> tuple[np.ndarray, int]:
        """See `FeatureSource`."""
        name = name_key(utterance)
        padded = np.atleast_2d(self.rows[name])
        if self.length is None:
            return cut_padding(padded)
        return padded[: self.length[name]], max(0, len(padded) - self.length[name])


def first_of_names(pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Values by the `name_key` of their names; of two of one name the first, as in the index."""
    values: dict[str, T] = {}
    for name, value in pairs:
        values.setdefault(name_key(name), value)
    return values


def cut_padding(frames: np.ndarray) -> tuple[np.ndarray, int]:
    """Cut frames [T, D] of zeros at either end; how many they were."""
    (real,) = np.nonzero(frames.any(axis=1))
    kept = frames[real[0] : real[-1] + 1] if len(real) else frames[:0]
    return kept, len(frames) - len(kept)


def part_of(name: str, origin: str) -> str:
    """Our name of a part: train, validation or test.

    Args:
        name: The corpus'.
        origin: The file that has it, for messages.

    Raises:
        InputError: it is unknown.
    """
    part = part_if_known(name.strip())
    if part not in _PARTS:
        raise InputError(f"{origin}: {name!r} is not a part, expected train, valid or test")
    return part


def part_if_known(name: str) -> str:
    """Our name of a part; another name as it is."""
    return next((part for part, names in _PARTS.items() if name.lower() in names), name)


def scores(sentiment: float, emotions: Sequence[float] = ()) -> dict[str, str]:
    """Columns of the index for a sentiment and the emotions that a file has; empty where NaN."""
    values = [sentiment, *emotions]
    names = (SENTIMENT, *EMOTIONS)[: len(values)]
    return dict(zip(names, map(number_text, values), strict=True))


def number_text(value: float) -> str:
    """A number of float32 in a cell of the index; empty where it is NaN."""
    return "" if np.isnan(value) else f"{value:.7g}"


def polarity(sentiment: float, zero: Polarity) -> str:
    """Class of a sentiment; ``zero`` is that of neutral ones.

    NMER's Table 1 fits ``positive`` (negative = below 0), MultiBench's rule is ``negative``
    (positive = above 0). Empty where the sentiment is not a number.
    """
    if np.isnan(sentiment):
        return ""
    if sentiment == 0:
        return zero
    return "positive" if sentiment > 0 else "negative"


def video_of(name: str) -> str:
    """Video id of a segment's name: ``video[k]`` or MMSA's ``video$_$clip``."""
    return re.sub(r"\[\d+\]$", "", name.partition("$_$")[0])


def text_of(value: object) -> str:
    """A text of an array or a pickle, from a string, a number or bytes; NaN is an empty one.

    Bytes are UTF-8, or else cp1252 where that makes sense; U+FFFD replaces what is neither.
    """
    if isinstance(value, bytes):
        try:
            return decode(value, "").text
        except InputError:
            return value.decode("utf-8", "replace")
    return "" if isinstance(value, float) and np.isnan(value) else str(value)


def named_for(modality: str, names: dict[str, str]) -> str:
    """What a reader's setting names for a modality: a file or an array.

    Raises:
        InputError: nothing.
    """
    if modality not in names:
        raise InputError(f"the reader has no features of {modality}, only {', '.join(names)}")
    return names[modality]
