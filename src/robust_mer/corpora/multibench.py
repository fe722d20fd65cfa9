"""Reader of MultiBench's feature files (Liang et al. 2021), e.g. CMU-MOSEI in a pickle.

``train``, ``valid`` and ``test`` hold ``vision``, ``audio``, ``text`` [N, T, D], padded with zeros
in front, ``labels`` with the sentiment and ``id``.
"""

from pathlib import Path

from robust_mer.corpora.feature_files import Arrays, FeatureSource, named_for
from robust_mer.corpora.segments import read_segments, read_splits, rows_of, width_of
from robust_mer.corpora.utterances import Reading

SETTINGS = {
    # the pickle, in the corpus' root
    "file": "mosei_senti_data.pkl",
    # the file's array of each modality
    "arrays": {"audio": "audio", "video": "vision", "text": "text"},
    # class of sentiment 0: positive as NMER's Table 1 has it, or negative, MultiBench's own rule.
    "zero": "positive",
}

LIMITS = {"zero": ["positive", "negative"]}


def tables(root: Path, settings: dict) -> list[str]:
    """The pickle."""
    path = root / settings["file"]
    return [str(path)] if path.is_file() else []


def read(root: Path, settings: dict) -> Reading:
    """Read names, parts and classes; see `robust_mer.corpora.segments.read_segments`."""
    return read_segments(root, settings["file"], "labels", "raw_text", settings["zero"])


def sources(root: Path, settings: dict, modality: str) -> list[str]:
    """The file that the features of a modality come from."""
    return tables(root, settings)


def features(root: Path, settings: dict, modality: str) -> FeatureSource:
    """The frames of a modality; see `FeatureSource`."""
    key = named_for(modality, settings["arrays"])
    path, splits = read_splits(root, settings["file"])
    return Arrays(path, width_of(splits, key, path), dict(rows_of(splits, key, path)))
