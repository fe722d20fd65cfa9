"""Reader of MultiBench's feature files (Liang et al. 2021), e.g. CMU-MOSEI in a pickle.

``train``, ``valid`` and ``test`` hold ``vision``, ``audio``, ``text`` [N, T, D], padded with zeros
in front, ``labels`` with the sentiment and ``id``.
"""

from pathlib import Path

from robust_mer.corpora.disk import is_there
from robust_mer.corpora.feature_files import Arrays, FeatureSource
from robust_mer.corpora.segments import SegmentReader, SegmentSettings


class MultiBenchSettings(SegmentSettings):
    """Settings of `MultiBench`."""

    file: str = "mosei_senti_data.pkl"
    """The pickle, in the corpus' root."""


class MultiBench(SegmentReader):
    """Names, parts, classes and features of a pickle of MultiBench.

    Adds the columns ``part``, ``dialogue`` and ``sentiment``, and the six emotions where ``labels``
    holds seven numbers.
    """

    settings_class = MultiBenchSettings
    settings: MultiBenchSettings
    labels = "labels"

    @classmethod
    def fits(cls, root: Path) -> bool:
        """See `Reader`: by the pickle."""
        return is_there(root / MultiBenchSettings().file)

    def features(self, modality: str) -> FeatureSource:
        """See `FeatureReader`."""
        path, key, width, splits = self.array(modality)
        return Arrays(path, width, self.rows(splits, key, path))
