"""Reader of MMSA's feature files (Mao et al. 2022): ``aligned_50`` and ``unaligned_50`` pickles.

``train``, ``valid`` and ``test`` hold ``text`` [N, 50, 768], ``text_bert`` [N, 3, 50] (tokens,
mask, segments), ``audio``, ``vision`` [N, T, D], ``raw_text``, ``regression_labels`` and ``id``
(``video$_$clip``); unaligned ones also ``audio_lengths`` and ``vision_lengths``.
"""

from pathlib import Path

from robust_mer.corpora.feature_files import Arrays, FeatureSource, named_for
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

SETTINGS = {
    # the pickle, in the corpus' root
    "file": "unaligned_50.pkl",
    # the file's array of each modality
    "arrays": {"audio": "audio", "video": "vision", "text": "text"},
    # class of sentiment 0: positive as NMER's Table 1 has it, or negative.
    "zero": "positive",
}

LIMITS = {"zero": ["positive", "negative"]}

_MASK = 1  # its place in text_bert


def tables(root: Path, settings: dict) -> list[str]:
    """The pickle."""
    path = root / settings["file"]
    return [str(path)] if path.is_file() else []


def read(root: Path, settings: dict) -> Reading:
    """Read names, parts, texts and classes; see `robust_mer.corpora.segments.read_segments`."""
    return read_segments(root, settings["file"], "regression_labels", "raw_text", settings["zero"])


def sources(root: Path, settings: dict, modality: str) -> list[str]:
    """The file that the features of a modality come from."""
    return tables(root, settings)


def features(root: Path, settings: dict, modality: str) -> FeatureSource:
    """The frames of a modality; see `FeatureSource`.

    How many of them are real is what the file says; where it says nothing, frames of zeros at the
    ends are padding. BERT's embeddings of padding are not zeros: ``text_bert`` has their mask.
    """
    key = named_for(modality, settings["arrays"])
    path, splits = read_splits(root, settings["file"])
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
