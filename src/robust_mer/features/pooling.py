"""Averages of frames over words, and the words of a text's tokens."""

import re

import numpy as np

_TOUCH = 1e-4  # seconds that neighbours may share by rounding


def average(
    frames: np.ndarray, starts: np.ndarray, ends: np.ndarray, words: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the frames that share some time with a word, for every word.

    That is how the CMU Multimodal SDK averages features during a word: a frame across the border of
    two words counts with both, and a word without frames becomes zeros.

    Args:
        frames: float32 [T, D].
        starts: When each frame begins, [T]; NaN for one that lies nowhere.
        ends: When it ends, [T].
        words: When each word begins and ends, in the same unit: [W, 2].

    Returns:
        float32 [W, D], and how many frames each word had: [W].
    """
    means = np.zeros((len(words), frames.shape[1]), np.float32)
    counts = np.zeros(len(words), int)
    for place, (start, end) in enumerate(words):
        during = (starts < end - _TOUCH) & (ends > start + _TOUCH)
        counts[place] = during.sum()
        if counts[place]:
            means[place] = frames[during].mean(axis=0, dtype=np.float64)
    return means, counts


def word_numbers(text: str, offsets: np.ndarray) -> np.ndarray:
    """Number, from 0, of the word of a text that each token belongs to: float32 [T].

    A word is what stands between blanks, with its punctuation. A special token belongs to none:
    NaN.

    Args:
        text: The text.
        offsets: Where each token begins and ends in it, [T, 2]; nothing long for a special token.
    """
    number = np.full(len(text) + 1, np.nan, np.float32)
    for place, word in enumerate(re.finditer(r"\S+", text)):
        number[word.start() : word.end()] = place
    starts, ends = offsets.T
    # the last letter tells, because some tokenizers count the blank in front to the token
    return np.where(ends > starts, number[np.maximum(ends - 1, 0)], np.nan).astype(np.float32)


def pool_words(frames: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the frames of each word that has some, [W, D], and the words' numbers, [W].

    Args:
        frames: Those of a text's tokens, float32 [T, D].
        numbers: See `word_numbers`.
    """
    words = np.unique(numbers[~np.isnan(numbers)])
    means, _ = average(frames, numbers, numbers + 1, np.stack([words, words + 1], axis=1))
    return means, words
