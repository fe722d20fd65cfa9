"""Sentiment pickles of MultiBench and MMSA: ``train``, ``valid``, ``test``, each with arrays."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from robust_mer.corpora.disk import existing, required_file
from robust_mer.corpora.feature_files import (
    EMOTIONS,
    SENTIMENT,
    Polarity,
    first_of_names,
    named_for,
    number_text,
    part_of,
    polarity,
    text_of,
    video_of,
)
from robust_mer.corpora.pickles import read_pickle
from robust_mer.corpora.reader import FeatureReader
from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError
from robust_mer.files import naming
from robust_mer.names import name_key
from robust_mer.settings import Settings

_DEEPEST = 5
_TEXT = "raw_text"


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


class SegmentSettings(Settings):
    """Settings of a `SegmentReader`."""

    file: str
    """The pickle, in the corpus' root."""
    arrays: dict[str, str] = Field(default={"audio": "audio", "video": "vision", "text": "text"})
    """The file's array of each modality."""
    zero: Polarity = "positive"
    """Class of sentiment 0: positive as in NMER's Table 1, or negative, MultiBench's rule."""


class SegmentReader(FeatureReader):
    """Names, parts, texts, classes and features of segments in a pickle.

    The speakers are not in the file: a video counts as one.
    """

    settings: SegmentSettings
    named_by = "arrays"
    labels: ClassVar[str]
    """Key of the sentiments; the first number of a row. Of seven, the others are the emotions."""
    of_modalities: ClassVar[dict[str, str]] = {}
    """Keys of sentiments that raters gave to one modality, by the column that they become."""

    def tables(self) -> list[Path]:
        """The pickle."""
        return existing([self.root / self.settings.file])

    def sources(self, modality: str) -> list[Path]:
        """The pickle."""
        return self.tables()

    def read(self) -> Reading:
        """See `Reader`."""
        path, splits = self._splits()
        every = [self._scores(split, path) for split in splits]
        columns = dict.fromkeys(name for scores in every for name in scores)
        reading = Reading(more=["part", "dialogue", *columns])
        for split, scores in zip(splits, every, strict=True):
            texts = split.array(_TEXT, path) if _TEXT in split.content else None
            for row, utterance in enumerate(split.utterances):
                label = polarity(scores[SENTIMENT][row], self.settings.zero)
                if not label and self.needs_label:
                    reading.skip(path, 0, f"{split.key}: {utterance} has no sentiment")
                    continue
                video = video_of(_first(split.content["id"][row]))
                segment = {"session": video, "speaker": video, "dialogue": video}
                segment |= {"utterance": utterance, "label": label, "part": split.part}
                segment |= {"text": "" if texts is None else text_of(texts[row])}
                segment |= {name: number_text(values[row]) for name, values in scores.items()}
                reading.add({**segment, "audio_is_cut": "1"}, path, 0)
        return reading

    def _scores(self, split: Split, path: Path) -> dict[str, np.ndarray]:
        """Columns of the index with numbers, [segments] each."""
        values = _numbers(split, self.labels, path)
        names: tuple[str, ...] = (SENTIMENT, *EMOTIONS)
        if values.shape[1] != len(names):
            names = (SENTIMENT,)
        scores = {name: values[:, place] for place, name in enumerate(names)}
        for column, key in self.of_modalities.items():
            if key in split.content:
                scores[column] = _numbers(split, key, path)[:, 0]
        return scores

    def array(self, modality: str) -> tuple[Path, str, int, list[Split]]:
        """The file, the key of a modality's array, its number of features, and the parts.

        Raises:
            InputError: the array differs between parts, or is not [segments, frames, features].
        """
        key = named_for(modality, self.settings.arrays)
        path, splits = self._splits()
        arrays = [split.array(key, path) for split in splits]
        fits = all(array.ndim == 3 and array.dtype.kind in "fiu" for array in arrays)
        widths = {array.shape[-1] for array in arrays}
        if len(widths) != 1 or not fits:
            raise InputError(f"{path}: expected {key} as numbers [segments, frames, features]")
        return path, key, widths.pop(), splits

    @staticmethod
    def rows(splits: list[Split], key: str, path: Path) -> Mapping[str, np.ndarray]:
        """Rows of an array by utterance."""
        return first_of_names(
            pair
            for split in splits
            for pair in zip(split.utterances, split.array(key, path), strict=True)
        )

    def _splits(self) -> tuple[Path, list[Split]]:
        advice = "Put the file there, or name it in the config"
        path = required_file(self.root, self.settings.file, advice)
        content = read_pickle(path)
        with naming(path, "a file of segments with ids"):
            return path, _splits(content, path)


def _numbers(split: Split, key: str, path: Path) -> np.ndarray:
    """An array as numbers [segments, numbers]."""
    array = split.array(key, path)
    with naming(path, f"a file with numbers in {key}"):
        return array.reshape(len(array), -1).astype(float)


def _splits(content: Any, path: Path) -> list[Split]:
    if not isinstance(content, dict) or not all(
        isinstance(split, dict) and "id" in split for split in content.values()
    ):
        keys = list(content) if isinstance(content, dict) else type(content).__name__
        raise InputError(f"{path} has {keys}; expected train, valid and test, each with ids")
    splits = [(part_of(text_of(key), str(path)), text_of(key), content[key]) for key in content]
    # Ids that occur once name their segments; others get their places added.
    names = {key: [_name(row) for row in split["id"]] for _, key, split in splits}
    occurrences = Counter(name for of_split in names.values() for name in of_split)
    count: Counter[str] = Counter()
    read = []
    for part, key, split in splits:
        utterances = []
        for name in names[key]:
            utterances.append(name if occurrences[name] == 1 else f"{name}[{count[name]}]")
            count[name] += 1
        read.append(Split(key, part, utterances, split))
    return read


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
    return name_key("_".join(text_of(part) for part in np.ravel(_shallow(row))))


def _first(row: Any) -> str:
    return text_of(np.ravel(row)[0])
