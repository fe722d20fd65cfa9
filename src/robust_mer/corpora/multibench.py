"""Reader of MultiBench's feature files (Liang et al. 2021), e.g. CMU-MOSEI in a pickle.

``train``, ``valid`` and ``test`` hold ``vision``, ``audio``, ``text`` [N, T, D], padded with zeros
in front, ``labels`` with the sentiment and ``id``.
"""

from pathlib import Path

from pydantic import Field

from robust_mer.corpora.disk import existing
from robust_mer.corpora.feature_files import Arrays, FeatureSource, Polarity, named_for
from robust_mer.corpora.reader import FeatureReader
from robust_mer.corpora.segments import read_segments, read_splits, rows_of, width_of
from robust_mer.corpora.utterances import Reading
from robust_mer.settings import Settings


class MultiBenchSettings(Settings):
    """Settings of `MultiBench`."""

    file: str = "mosei_senti_data.pkl"
    """The pickle, in the corpus' root."""
    arrays: dict[str, str] = Field(default={"audio": "audio", "video": "vision", "text": "text"})
    """The file's array of each modality."""
    zero: Polarity = "positive"
    """Class of sentiment 0: positive as in NMER's Table 1, or negative, MultiBench's own rule."""


class MultiBench(FeatureReader):
    """Names, parts, classes and features of a pickle of MultiBench.

    Adds the columns ``part`` and ``dialogue``.
    """

    settings_class = MultiBenchSettings
    settings: MultiBenchSettings

    def tables(self) -> list[Path]:
        """The pickle."""
        return existing([self.root / self.settings.file])

    def read(self) -> Reading:
        """See `Reader` and `robust_mer.corpora.segments.read_segments`."""
        settings = self.settings
        return read_segments(self.root, settings.file, "labels", "raw_text", settings.zero)

    def sources(self, modality: str) -> list[Path]:
        """The pickle."""
        return self.tables()

    def features(self, modality: str) -> FeatureSource:
        """See `FeatureReader`."""
        key = named_for(modality, self.settings.arrays)
        path, splits = read_splits(self.root, self.settings.file)
        return Arrays(path, width_of(splits, key, path), dict(rows_of(splits, key, path)))
