"""Sentiment pickles of MultiBench and MMSA: ``train``, ``valid``, ``test``, each with arrays."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from robust_mer.corpora.disk import required_file
from robust_mer.corpora.feature_files import Polarity, part_of, polarity, text_of, video_of
from robust_mer.corpora.pickles import read_pickle
from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError
from robust_mer.files import naming

_DEEPEST = 5


@dataclass(frozen=True)
class Split:
    """One part of such a file: the segments' names, and its arrays by key."""

    key: str
    part: str
    utterances: list[str]
    content: dict[str, Any]

    def array(self, key: str, path: Path) -> np.ndarray:
        """Array of a key, a row a segment.

        Raises:
            InputError: there is none, or it has another number of rows.
        """
        with naming(path, f"a file whose {key} is an array"):
            array = np.asarray(_shallow(self.content[key])) if key in self.content else None
        if array is None or not array.ndim or len(array) != len(self.utterances):
            shape = "nothing" if array is None else f"an array of shape {array.shape}"
            raise InputError(
                f"{path}: {self.key} needs {key} with a row for each of {len(self.utterances)} "
                f"segments; it is {shape}"
            )
        return array


def read_splits(root: Path, file: str) -> tuple[Path, list[Split]]:
    """Read such a file.

    Raises:
        InputError: it is not there, or it is something else.
    """
    path = required_file(root, file, "Put the file there, or name it in the config")
    content = read_pickle(path)
    with naming(path, "a file of segments with ids"):
        return path, _splits(content, path)


def _splits(content: Any, path: Path) -> list[Split]:
    if not isinstance(content, dict) or not all(
        isinstance(split, dict) and "id" in split for split in content.values()
    ):
        keys = list(content) if isinstance(content, dict) else type(content).__name__
        raise InputError(f"{path} has {keys}; expected train, valid and test, each with ids")
    splits = [(part_of(text_of(key), str(path)), text_of(key), content[key]) for key in content]
    # segments are told apart by their ids where those differ, else by their places
    names = {key: [_name(row) for row in split["id"]] for _, key, split in splits}
    seen = Counter(name for of_split in names.values() for name in of_split)
    count: Counter[str] = Counter()
    read = []
    for part, key, split in splits:
        utterances = []
        for name in names[key]:
            utterances.append(name if seen[name] == 1 else f"{name}[{count[name]}]")
            count[name] += 1
        read.append(Split(key, part, utterances, split))
    return read


def read_segments(root: Path, file: str, labels: str, text: str, zero: Polarity) -> Reading:
    """Read names, parts and sentiments of the segments.

    The speakers are not in the file: a video counts as one.

    Args:
        root: The corpus' folder.
        file: The pickle, relative to it.
        labels: Key of the sentiments; the first number of a row.
        text: Key of the transcripts; they stay empty where the file has none.
        zero: See `polarity`.
    """
    path, splits = read_splits(root, file)
    reading = Reading(more=["part", "dialogue"])
    for split in splits:
        sentiments = split.array(labels, path)
        with naming(path, f"a file with numbers in {labels}"):
            sentiments = sentiments.reshape(len(sentiments), -1)[:, 0].astype(float)
        texts = split.array(text, path) if text in split.content else None
        for row, utterance in enumerate(split.utterances):
            label = polarity(sentiments[row], zero)
            if not label:
                reading.skip(path, 0, f"{split.key}: {utterance} has no sentiment")
                continue
            video = video_of(_first(split.content["id"][row]))
            reading.add(
                {
                    "utterance": utterance,
                    "session": video,
                    "speaker": video,
                    "dialogue": video,
                    "label": label,
                    "text": "" if texts is None else text_of(texts[row]),
                    "audio_is_cut": "1",
                    "part": split.part,
                },
                path,
                0,
            )
    return reading


def rows_of(splits: list[Split], key: str, path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Utterances with their rows of an array."""
    for split in splits:
        yield from zip(split.utterances, split.array(key, path), strict=True)


def width_of(splits: list[Split], key: str, path: Path) -> int:
    """Number of features of an array [N, T, D].

    Raises:
        InputError: it differs between parts, or the array is no such array.
    """
    arrays = [split.array(key, path) for split in splits]
    fits = all(array.ndim == 3 and array.dtype.kind in "fiu" for array in arrays)
    widths = {array.shape[-1] for array in arrays}
    if len(widths) != 1 or not fits:
        raise InputError(f"{path}: expected {key} as numbers [segments, frames, features]")
    return widths.pop()


def _shallow(value: Any) -> Any:
    """The value. Refuses lists nested deeper than any array, on which numpy may never finish."""
    inner = value
    for _ in range(_DEEPEST):
        if not isinstance(inner, (list, tuple)) or not inner:
            return value
        inner = inner[0]
    raise ValueError("its lists are nested too deeply")


def _name(row: Any) -> str:
    """A segment's id: one text, or a row of video, start and end."""
    return "_".join(text_of(part) for part in np.ravel(_shallow(row)))


def _first(row: Any) -> str:
    return text_of(np.ravel(row)[0])
