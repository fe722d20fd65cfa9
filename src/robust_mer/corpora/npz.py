"""Reader of ``.npz`` tables: arrays with a row an utterance, in one file."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field, field_validator

from robust_mer.corpora.disk import existing, is_there, required_file
from robust_mer.corpora.feature_files import (
    Arrays,
    FeatureSource,
    first_of_names,
    named_for,
    part_of,
    text_of,
)
from robust_mer.corpora.further import problem_of_columns
from robust_mer.corpora.labels import LabelMap, our_label
from robust_mer.corpora.reader import FeatureReader
from robust_mer.corpora.utterances import COLUMNS, Reading
from robust_mer.errors import InputError
from robust_mer.files import naming
from robust_mer.names import name_key
from robust_mer.settings import Settings

if TYPE_CHECKING:
    from numpy.lib.npyio import NpzFile

_KIND = "an npz file"
_REQUIRED = ("utterance", "speaker")
_OPTIONAL = ("label", "session", "dialogue", "text", "part")


class NPZSettings(Settings):
    """Settings of `NPZ`."""

    file: str = "features.npz"
    """The file, in the corpus' root."""
    arrays: dict[str, str] = Field(default={"audio": "audio", "video": "video", "text": "text"})
    """The file's array of each modality: [N, D], or [N, T, D] padded with zeros."""
    columns: dict[str, str] = Field(
        default={"utterance": "utterance", "speaker": "speaker", "label": "label"}
    )
    """The file's array of each column of the index: ``utterance``, ``speaker``, ``label`` if it is
    the target, and optionally ``session`` (else the speaker), ``part``, ``dialogue``, ``text`` (as
    words), and further columns under names of their own, e.g. ``script`` or ``sentiment``."""
    labels: LabelMap = Field(default={})
    """Our label for each of the file's, where those need a map. Utterances with others are left
    out."""

    @field_validator("columns")
    @classmethod
    def _check_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        missing = [column for column in _REQUIRED if column not in columns]
        if missing:
            raise ValueError(f"columns lack {', '.join(missing)}")
        if problem := problem_of_columns(columns, _REQUIRED + _OPTIONAL):
            raise ValueError(problem)
        return columns


class NPZ(FeatureReader):
    """Columns and features of a file of arrays.

    Adds ``part``, ``dialogue`` and further columns where the settings name them.
    """

    settings_class = NPZSettings
    settings: NPZSettings
    named_by = "arrays"

    @classmethod
    def fits(cls, root: Path) -> bool:
        """See `Reader`: by the file."""
        return is_there(root / NPZSettings().file)

    def tables(self) -> list[Path]:
        """The file."""
        return existing([self.root / self.settings.file])

    def read(self) -> Reading:
        """See `Reader`.

        Raises:
            InputError: no such file, an array is missing or would need a pickle, or the arrays do
                not fit together.
        """
        named = self.settings.columns
        path = self._file()
        if self.needs_label and "label" not in named:
            raise InputError(
                f"{path}: the setting columns lacks label, which is the target. Name the file's "
                "array, or set task and target of the corpus"
            )
        with naming(path, _KIND), np.load(path, allow_pickle=False) as file:
            columns = {column: _array(file, key, path) for column, key in named.items()}
        count = columns["utterance"].size
        for column, values in columns.items():
            if values.shape != (count,):
                raise InputError(
                    f"{path}: {named[column]} has the shape {values.shape}, expected ({count},)"
                )
        reading = Reading(more=[column for column in named if column not in COLUMNS])
        without_label = set()  # whose features are those of the first row of their name
        for place in range(count):
            row = {column: text_of(values[place]) for column, values in columns.items()}
            label = our_label(row.get("label", ""), self.settings.labels)
            key = name_key(row["utterance"])
            if key in without_label:
                reading.skip(
                    path, 0, f"{row['utterance']} has an earlier row with an unknown label"
                )
                continue
            if label is None and self.needs_label:
                reading.skip(path, 0, f"{row['utterance']} has the unknown label {row['label']!r}")
                without_label.add(key)
                continue
            row["label"] = label or ""
            row.setdefault("session", row["speaker"])
            if "part" in row:
                row["part"] = part_of(row["part"], f"{path}: {row['utterance']}")
            reading.add({**row, "audio_is_cut": "1"}, path, 0)
        return reading

    def sources(self, modality: str) -> list[Path]:
        """The file."""
        return self.tables()

    def features(self, modality: str) -> FeatureSource:
        """See `FeatureReader`. A vector [D] is one frame."""
        key = named_for(modality, self.settings.arrays)
        path = self._file()
        with naming(path, _KIND), np.load(path, allow_pickle=False) as file:
            values = _array(file, key, path)
            names = _array(file, self.settings.columns["utterance"], path)
        if (
            values.ndim not in (2, 3)
            or values.shape[:1] != names.shape
            or values.dtype.kind not in "fiu"
        ):
            raise InputError(
                f"{path}: {key} has the shape {values.shape} of {values.dtype}, expected numbers "
                f"({names.size}, features) or ({names.size}, frames, features)"
            )
        rows = zip(map(text_of, names), values, strict=True)
        return Arrays(path, values.shape[-1], first_of_names(rows))

    def _file(self) -> Path:
        advice = "Put the file there, or name it in the config"
        return required_file(self.root, self.settings.file, advice)


def _array(file: "NpzFile", key: str, path: Path) -> np.ndarray:
    if key not in file:
        raise InputError(f"{path} has no array {key!r}; it has {', '.join(file.files)}")
    try:
        array = file[key]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise InputError(
            f"{path}: the array {key!r} cannot be read safely: it holds Python objects, as a "
            "column of pandas does. Save it as text or numbers: numpy.array(column.tolist())"
        ) from None
    if not isinstance(array, np.ndarray):  # what is no .npy comes as bytes
        raise InputError(f"{path}: {key!r} is not an array")
    return array
