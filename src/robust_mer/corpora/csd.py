"""Computational sequences (``.csd``) of the CMU Multimodal SDK: features with times, in HDF5.

``/<root>/data/<video>/{features [N, D], intervals [N, 2]}``, intervals in seconds into the video. A
file that was aligned to segments has a key ``video[k]`` for each of them.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from robust_mer.corpora.feature_files import cut_padding, text_of
from robust_mer.errors import InputError, UtteranceError
from robust_mer.files import naming
from robust_mer.hdf5 import dataset, open_hdf5

_KIND = "a computational sequence"
_SEEN = 64  # videos whose intervals are kept; utterances of a video follow each other
_TOUCH = 1e-6  # seconds that neighbours may overlap by rounding
_PAUSE = "sp"  # stands among the words


class Sequence:
    """One file.

    Raises:
        InputError: it is not such a file.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        content = open_hdf5(file, _KIND)
        with naming(file, _KIND):
            self._data = content[next(iter(content))]["data"]
            self.width = int(dataset(self._data[next(iter(self._data))], "features").shape[-1])
        self.intervals = lru_cache(maxsize=_SEEN)(self._intervals)
        self.words = lru_cache(maxsize=_SEEN)(self._words)

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def keys(self) -> list[str]:
        """Videos, or segments ``video[k]``."""
        return list(self._data)

    def features(self, key: str, rows: slice = slice(None)) -> np.ndarray:
        """Features [N, D] of a video, or some rows of them."""
        with naming(self.file, _KIND):
            return dataset(self._data[key], "features")[rows]

    def _intervals(self, key: str) -> np.ndarray:
        """Start and end of every row, seconds: [N, 2]."""
        with naming(self.file, _KIND):
            intervals = np.asarray(dataset(self._data[key], "intervals")[()])
            rows = len(dataset(self._data[key], "features"))
        if intervals.shape[1:] != (2,) or intervals.dtype.kind not in "fiu":
            raise InputError(
                f"{self.file}: expected intervals of {key} as times of shape (rows, 2)"
            )
        if len(intervals) != rows:
            raise InputError(f"{self.file}: {key} has not as many intervals as features")
        return intervals

    def _words(self, key: str) -> list[str]:
        """The words of a sequence of words, pauses among them."""
        rows = self.features(key)
        with naming(self.file, _KIND):
            return [text_of(np.ravel(row)[0]) for row in rows]

    def during(self, key: str, start: float, end: float) -> slice:
        """Rows that share some time with an interval."""
        starts, ends = self.intervals(key).T
        first = int(np.searchsorted(ends, start + _TOUCH, side="right"))
        return slice(first, max(first, int(np.searchsorted(starts, end - _TOUCH, side="left"))))


def words_during(words: Sequence, key: str, start: float, end: float) -> list[tuple[int, str]]:
    """Place and spelling of the words in an interval, without pauses."""
    rows, spelled = words.during(key, start, end), words.words(key)
    return [(n, spelled[n]) for n in range(rows.start, rows.stop) if spelled[n] != _PAUSE]


class Segments:
    """Frames of segments from a sequence; see `robust_mer.corpora.feature_files.FeatureSource`.

    ``times`` has video, start and end of every utterance, ``words`` the sequence of words to whose
    times frames are averaged, one frame a word; None leaves the frames as they are. A word during
    which the sequence has no row becomes zeros.
    """

    def __init__(
        self,
        sequence: Sequence,
        times: dict[str, tuple[str, float, float]],
        words: Sequence | None,
        most_words: int,
    ) -> None:
        self._sequence, self._times, self._words = sequence, times, words
        self._most_words = most_words
        self.file, self.width = sequence.file, sequence.width

    def frames(self, utterance: str) -> tuple[np.ndarray, int]:
        """See `FeatureSource`."""
        if utterance in self._sequence:  # aligned by the SDK
            return cut_padding(self._sequence.features(utterance))
        video, start, end = self._times[utterance]
        if video not in self._sequence:
            raise UtteranceError(f"{self.file.name} has no such video")
        if self._words is None:
            rows = self._sequence.during(video, start, end)
            return cut_padding(self._sequence.features(video, rows))
        if video not in self._words:
            raise UtteranceError(f"{self._words.file.name} has no such video")
        spoken = words_during(self._words, video, start, end)[: self._most_words]
        intervals = self._words.intervals(video)
        return cut_padding(self._average(video, [intervals[place] for place, _ in spoken]))

    def _average(self, video: str, intervals: list[np.ndarray]) -> np.ndarray:
        frames = np.zeros((len(intervals), self.width), np.float32)
        rows = [self._sequence.during(video, start, end) for start, end in intervals]
        if not rows:
            return frames
        first = min(row.start for row in rows)
        values = self._sequence.features(video, slice(first, max(row.stop for row in rows)))
        for frame, row in zip(frames, rows, strict=True):
            if row.start < row.stop:
                frame[:] = values[row.start - first : row.stop - first].mean(axis=0)
        return frames
