"""Reader of MMSA's feature files (Mao et al. 2022): ``aligned_50`` and ``unaligned_50`` pickles.

``train``, ``valid`` and ``test`` hold ``text`` [N, 50, 768], ``text_bert`` [N, 3, 50] (tokens,
mask, segments), ``audio``, ``vision`` [N, T, D], ``raw_text``, ``regression_labels`` and ``id``
(``video$_$clip``); unaligned ones also ``audio_lengths`` and ``vision_lengths``.
"""

from pathlib import Path

from pydantic import Field

from robust_mer.corpora.disk import existing
from robust_mer.corpora.feature_files import Arrays, FeatureSource, Polarity, named_for
from robust_mer.corpora.reader import FeatureReader
from robust_mer.corpora.segments import (
    Split,
    read_segments,
    read_splits,
    rows_of,
    width_of,
)
from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError
from robust_mer.files import naming
from robust_mer.settings import Settings

_MASK = 1  # its place in text_bert


class MMSASettings(Settings):
    """Settings of `MMSA`."""

    file: str = "unaligned_50.pkl"
    """The pickle, in the corpus' root."""
    arrays: dict[str, str] = Field(default={"audio": "audio", "video": "vision", "text": "text"})
    """The file's array of each modality."""
    zero: Polarity = "positive"
    """Class of sentiment 0: positive as in NMER's Table 1, or negative."""


class MMSA(FeatureReader):
    """Names, parts, texts, classes and features of a pickle of MMSA.

    Adds the columns ``part`` and ``dialogue``.
    """

    settings_class = MMSASettings
    settings: MMSASettings

    def tables(self) -> list[Path]:
        """The pickle."""
        return existing([self.root / self.settings.file])

    def read(self) -> Reading:
        """See `Reader` and `robust_mer.corpora.segments.read_segments`."""
        settings, labels = self.settings, "regression_labels"
        return read_segments(self.root, settings.file, labels, "raw_text", settings.zero)

    def sources(self, modality: str) -> list[Path]:
        """The pickle."""
        return self.tables()

    def features(self, modality: str) -> FeatureSource:
        """See `FeatureReader`.

        The file says how many frames are real. Where it does not, frames of zeros at the ends are
        padding. BERT's embeddings of padding are not zeros: ``text_bert`` has their mask.
        """
        key = named_for(modality, self.settings.arrays)
        path, splits = read_splits(self.root, self.settings.file)
        lengths: dict[str, int] = {}
        for split in splits:
            lengths |= _lengths(split, key, path)
        rows = dict(rows_of(splits, key, path))
        return Arrays(path, width_of(splits, key, path), rows, lengths or None)


def _lengths(split: Split, key: str, path: Path) -> dict[str, int]:
    if key == "text" and "text_bert" in split.content:
        with naming(path, "a file whose text_bert is [segments, 3, tokens]"):
            counts = split.array("text_bert", path)[:, _MASK].sum(axis=1)
    elif f"{key}_lengths" in split.content:
        counts = split.array(f"{key}_lengths", path)
    else:
        return {}
    with naming(path, f"a file with the lengths of {key} in numbers"):
        lengths = dict(zip(split.utterances, map(int, counts), strict=True))
    if min(lengths.values(), default=0) < 0:
        raise InputError(f"{path}: {split.key} has a length of {key} below 0")
    return lengths
