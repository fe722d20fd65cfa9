"""Features with one frame per word: the mean of the frames during the word."""

import re
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.pooling import average
from robust_mer.features.reading import Convert, write_reading
from robust_mer.features.specs import AlignFiles, AlignSpec
from robust_mer.runtime import Runtime
from robust_mer.store import Features
from robust_mer.table import read_table

_TEXT = "text"


def align_features(spec: AlignSpec, files: AlignFiles, runtime: Runtime) -> None:
    """Write the features of a file averaged over the words of a corpus; see `write_reading`.

    In every modality, an utterance gets a frame for each word of ``words.csv``, in order. A word
    without frames becomes zeros, as in CMU-MOSEI's aligned set. An utterance gets no frames if its
    words are unknown, which counts as failed, or if no word has frames.

    A frame of audio or video counts for all words that overlap it in time. A frame of text belongs
    to a word of the transcript, which is matched with the words of ``words.csv`` by spelling, see
    `match`.

    Raises:
        InputError: the source has no positions of frames.
    """
    is_text = spec.modality == _TEXT
    words = _Words(files.words, files.problems)
    transcripts = read_table(files.utterances)["text"].tolist() if is_text else []

    def prepare(store: Features) -> Convert:
        rate = store.frame_rate
        if (store.positions if is_text else rate) is None:
            unknown = "which words its frames belong to" if is_text else "a frame rate"
            raise InputError(
                f"{files.source} cannot be aligned to words: it does not contain {unknown}. "
                "Remove aligned_to from the modality, or choose an extractor that provides it"
            )
        length = 1.0 if is_text or rate is None else 1 / rate

        def convert(frames: np.ndarray, row: int) -> tuple[np.ndarray, str]:
            spelled, times = words.of(store.utterances[row])
            if is_text:
                times = match(transcripts[row].split(), spelled)
            starts = store.starts(row)
            means, counts = average(frames, starts, starts + length, times)
            if not counts.any():
                return frames[:0], "no frames during words"
            empty_words = np.count_nonzero(counts == 0)
            remark = f"words without frames, which are zeros: {empty_words} of {len(counts)}"
            return means, remark if empty_words else ""

        return convert

    write_reading(
        files.features,
        files.table,
        files.source,
        files.source_table,
        prepare,
        None,
        {"aligned_to": "words"},
        spec.not_finite,
    )


def match(transcript: list[str], alignment: list[str]) -> np.ndarray:
    """Match the words of an alignment to words of a transcript.

    Both contain the same words in the same order, but an alignment has no punctuation, spells out
    numbers and omits unknown words. Words with the same letters and digits are matched first, by
    the longest common runs. Differences between two matches are spread evenly, so that
    ``twenty-five`` matches both ``TWENTY`` and ``FIVE``.

    Args:
        transcript: Words of the transcript.
        alignment: Words of the alignment.

    Returns:
        First and last + 1 of the transcript's words, for every word of ``alignment``: [W, 2]. Both
        are equal if the transcript has no corresponding word.
    """
    spans = np.zeros((len(alignment), 2))
    matcher = SequenceMatcher(None, _spellings(transcript), _spellings(alignment), autojunk=False)
    for _, first, last, begin, end in matcher.get_opcodes():
        steps = np.arange(end - begin + 1) * (last - first)
        width = max(1, end - begin)
        spans[begin:end, 0] = first + steps[:-1] // width
        spans[begin:end, 1] = first - (-steps[1:] // width)
    return spans


def _spellings(words: list[str]) -> list[str]:
    """Letters and digits of words; a word without any is unchanged."""
    return [re.sub(r"[\W_]+", "", word).casefold() or word for word in words]


class _Words:
    """Words by utterance, and the reasons for missing ones."""

    def __init__(self, words_csv: str | Path, problems_csv: str | Path) -> None:
        table, problems = read_table(words_csv), read_table(problems_csv)
        self._rows = table.groupby("utterance", sort=False).indices
        self._spelled = table["word"].to_numpy()
        self._times = table[["start", "end"]].astype(float).to_numpy()
        self._problems = dict(zip(problems["utterance"], problems["problem"], strict=True))

    def of(self, utterance: str) -> tuple[list[str], np.ndarray]:
        """Spelling of the words [W], and start and end of each in seconds: [W, 2]."""
        if utterance not in self._rows:
            reason = self._problems.get(utterance, "not in the table of words")
            raise UtteranceError(f"no word times: {reason}")
        rows = self._rows[utterance]
        return self._spelled[rows].tolist(), self._times[rows]
