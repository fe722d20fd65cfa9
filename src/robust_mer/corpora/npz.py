"""Reader of ``.npz`` tables: arrays with a row an utterance, in one file."""

from pathlib import Path

import numpy as np

from robust_mer.corpora.disk import wrong_root
from robust_mer.corpora.feature_files import Arrays, FeatureSource, named_for, part_of, text_of
from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError
from robust_mer.files import inside, naming

SETTINGS = {
    # the file, in the corpus' root
    "file": "features.npz",
    # the file's array of each modality: [N, D], or [N, T, D] padded with zeros
    "arrays": {"audio": "audio", "video": "video", "text": "text"},
    # the file's array of each column of the index; session is the speaker where it is not named.
    # utterance, speaker and label must be there, part, dialogue and text (as words) may.
    "columns": {"utterance": "utterance", "speaker": "speaker", "label": "label"},
    # our label for each of the file's, where those need a map; utterances with others are left out.
    "labels": {},
}

_KIND = "an npz file"
_REQUIRED = ("utterance", "speaker", "label")
_OPTIONAL = ("session", "dialogue", "text", "part")


def tables(root: Path, settings: dict) -> list[str]:
    """The file."""
    path = root / settings["file"]
    return [str(path)] if path.is_file() else []


def read(root: Path, settings: dict) -> Reading:
    """Read the columns that the settings name.

    Raises:
        InputError: no such file, an array is missing or would need a pickle, or the arrays do not
            fit together.
    """
    named = settings["columns"]
    strange = [column for column in named if column not in _REQUIRED + _OPTIONAL]
    missing = [column for column in _REQUIRED if column not in named]
    if strange or missing:
        raise InputError(
            f"npz: columns lack {missing} and have unknown {strange}; expected "
            f"{', '.join(_REQUIRED)} and optionally {', '.join(_OPTIONAL)}"
        )
    path = _find(root, settings)
    with naming(path, _KIND), np.load(path, allow_pickle=False) as file:
        columns = {column: _array(file, key, path) for column, key in named.items()}
    count = columns["utterance"].size
    for column, values in columns.items():
        if values.shape != (count,):
            raise InputError(
                f"{path}: {named[column]} has the shape {values.shape}, expected ({count},)"
            )
    reading = Reading(more=[column for column in ("part", "dialogue") if column in named])
    labels = {str(key): label for key, label in settings["labels"].items()}
    for place in range(count):
        row = {column: text_of(values[place]) for column, values in columns.items()}
        if labels and row["label"] not in labels:
            reading.skip(path, 0, f"{row['utterance']} has the unknown label {row['label']!r}")
            continue
        row["label"] = labels.get(row["label"], row["label"])
        row.setdefault("session", row["speaker"])
        if "part" in row:
            row["part"] = part_of(row["part"], f"{path}: {row['utterance']}")
        reading.add({**row, "audio_is_cut": "1"}, path, 0)
    return reading


def sources(root: Path, settings: dict, modality: str) -> list[str]:
    """The file that the features of a modality come from."""
    return tables(root, settings)


def features(root: Path, settings: dict, modality: str) -> FeatureSource:
    """The frames of a modality; see `FeatureSource`. A vector [D] is one frame."""
    key = named_for(modality, settings["arrays"])
    path = _find(root, settings)
    with naming(path, _KIND), np.load(path, allow_pickle=False) as file:
        values = _array(file, key, path)
        names = _array(file, settings["columns"]["utterance"], path)
    if (
        values.ndim not in (2, 3)
        or values.shape[:1] != names.shape
        or values.dtype.kind not in "fiu"
    ):
        raise InputError(
            f"{path}: {key} has the shape {values.shape} of {values.dtype}, expected numbers "
            f"({names.size}, features) or ({names.size}, frames, features)"
        )
    rows = dict(zip(map(text_of, names), values, strict=True))
    return Arrays(path, values.shape[-1], rows)


def _find(root: Path, settings: dict) -> Path:
    path = inside(root, settings["file"])
    if not path.is_file():
        raise wrong_root(
            root, f"no {settings['file']}", "Put the file there, or name it in the config"
        )
    return path


def _array(file: np.lib.npyio.NpzFile, key: str, path: Path) -> np.ndarray:
    if key not in file:
        raise InputError(f"{path} has no array {key!r}; it has {', '.join(file.files)}")
    try:
        if isinstance(array := file[key], np.ndarray):
            return array
        raise ValueError("it is no array")  # what is no .npy comes as bytes
    except ValueError as error:  # an array of objects would be unpickled
        raise InputError(f"{path}: the array {key!r} cannot be read safely: {error}") from error
