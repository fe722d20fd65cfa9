"""Reader of MMSA's feature files (Mao et al. 2022): ``aligned_50`` and ``unaligned_50`` pickles.

``train``, ``valid`` and ``test`` hold ``text`` [N, 50, 768], ``text_bert`` [N, 3, 50] (tokens,
mask, segments), ``audio``, ``vision`` [N, T, D], ``raw_text``, ``regression_labels`` and ``id``
(``video$_$clip``); unaligned ones also ``audio_lengths`` and ``vision_lengths``.
"""

from pathlib import Path
from typing import ClassVar

from robust_mer.corpora.disk import is_there
from robust_mer.corpora.feature_files import SENTIMENT, Arrays, FeatureSource, first_of_names
from robust_mer.corpora.segments import SegmentReader, SegmentSettings, Split
from robust_mer.errors import InputError
from robust_mer.files import naming

_MASK = 1  # its place in text_bert


class MMSASettings(SegmentSettings):
    """Settings of `MMSA`."""

    file: str = "unaligned_50.pkl"
    """The pickle, in the corpus' root."""


class MMSA(SegmentReader):
    """Names, parts, texts, classes and features of a pickle of MMSA.

    Adds the columns ``part``, ``dialogue`` and ``sentiment``, and for CH-SIMS ``sentiment_text``,
    ``sentiment_audio`` and ``sentiment_video``, which its raters gave to one modality each.
    """

    settings_class = MMSASettings
    settings: MMSASettings
    labels = "regression_labels"
    of_modalities: ClassVar[dict[str, str]] = {
        f"{SENTIMENT}_{modality}": f"regression_labels_{letter}"
        for letter, modality in (("T", "text"), ("A", "audio"), ("V", "video"))
    }

    @classmethod
    def fits(cls, root: Path) -> bool:
        """See `Reader`: by the pickle."""
        return is_there(root / MMSASettings().file)

    def features(self, modality: str) -> FeatureSource:
        """See `FeatureReader`.

        The file says how many frames are real. Where it does not, frames of zeros at the ends are
        padding. BERT's embeddings of padding are not zeros: ``text_bert`` has their mask.
        """
        path, key, width, splits = self.array(modality)
        lengths: dict[str, int] = {}
        for split in splits:
            lengths |= _lengths(split, key, path)
        return Arrays(path, width, self.rows(splits, key, path), lengths or None)


def _lengths(split: Split, key: str, path: Path) -> dict[str, int]:
    if key == "text" and "text_bert" in split.content:
        with naming(path, "a file whose text_bert is [segments, 3, tokens]"):
            counts = split.array("text_bert", path)[:, _MASK].sum(axis=1)
    elif f"{key}_lengths" in split.content:
        counts = split.array(f"{key}_lengths", path)
    else:
        return {}
    with naming(path, f"a file with the lengths of {key} in numbers"):
        lengths = first_of_names(zip(split.utterances, map(int, counts), strict=True))
    if min(lengths.values(), default=0) < 0:
        raise InputError(f"{path}: {split.key} has a length of {key} below 0")
    return lengths
