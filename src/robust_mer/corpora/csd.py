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

    def features(self, key: str, rows: np.ndarray | None = None) -> np.ndarray:
        """Features [N, D] of a video, or the rows with some numbers."""
        with naming(self.file, _KIND):
            features = dataset(self._data[key], "features")
            if rows is None:
                return features[()]
            first, last = (rows.min(), rows.max() + 1) if len(rows) else (0, 0)
            return features[first:last][rows - first]

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

    def during(self, key: str, start: float, end: float) -> np.ndarray:
        """Numbers of the rows that share some time with an interval, in the order of time.

        Nothing says that a file has its rows in this order.
        """
        intervals = self.intervals(key)
        rows = np.flatnonzero(_share_time(intervals, start, end))
        return rows[np.argsort(intervals[rows, 0], kind="stable")]


def _share_time(intervals: np.ndarray, start: float, end: float) -> np.ndarray:
    """Which of some intervals [N, 2] share some time with another one: bool [N]."""
    starts, ends = intervals.T
    return (ends > start + _TOUCH) & (starts < end - _TOUCH)


def words_during(words: Sequence, key: str, start: float, end: float) -> list[tuple[int, str]]:
    """Place and spelling of the words in an interval, without pauses."""
    spelled = words.words(key)
    rows = words.during(key, start, end).tolist()
    return [(n, spelled[n]) for n in rows if spelled[n] != _PAUSE]


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
        if not intervals:
            return frames
        begin, end = np.min(intervals), np.max(intervals)
        rows = self._sequence.during(video, float(begin), float(end))
        values = self._sequence.features(video, rows)
        times = self._sequence.intervals(video)[rows]
        for frame, word in zip(frames, intervals, strict=True):
            is_during = _share_time(times, *word)
            if is_during.any():
                frame[:] = values[is_during].mean(axis=0)
        return frames
