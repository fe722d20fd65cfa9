"""The feature store: one HDF5 file per extractor with the frames of all utterances in sequence."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from robust_mer.errors import InputError
from robust_mer.files import naming, whole
from robust_mer.hdf5 import dataset, open_hdf5
from robust_mer.modality import Encoder, FeatureShape

_KIND = "a file of the feature store"


@dataclass
class Features:
    """The frames of all utterances of a corpus from one extractor, as extracted (not normalised).

    ``values`` is float32 [frames, D]; ``values[offsets[i]:offsets[i + 1]]`` are the frames of
    ``utterances[i]``. An utterance may have none, for example if no face was detected.
    """

    utterances: list[str]
    offsets: np.ndarray
    values: np.ndarray
    names: list[str]
    frame_rate: float | None  # frames per second; None where frames are words or tokens
    settings: dict[str, Any]
    weights_sha256: str
    # Of the packages that computed them, by name; empty for published features.
    versions: dict[str, str] = field(default_factory=dict)
    # Position of each frame, float32 [frames]: seconds from the utterance's start, or for text the
    # number, from 0, of its word in the transcript; NaN for a frame without one, such as [CLS].
    # None if frames follow each other at ``frame_rate``, or if nothing is known.
    positions: np.ndarray | None = None
    # Numbers of the layers that ``values`` hold side by side, each as wide as the others; a model
    # learns their weighted sum. Empty: ``values`` are what a model receives.
    layers: list[int] = field(default_factory=list)

    def shape(self, encoder: Encoder) -> FeatureShape:
        """What a model must know of the frames, if this encodes them."""
        return FeatureShape(len(self.names) // max(1, len(self.layers)), encoder, self.layers)

    def row_of(self) -> dict[str, int]:
        """Map every utterance to its place in ``utterances``."""
        return {utterance: row for row, utterance in enumerate(self.utterances)}

    def frames(self, row: int) -> np.ndarray:
        """Frames of the utterance in place ``row``: float32 [T, D]."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def starts(self, row: int) -> np.ndarray:
        """Start of each frame of the utterance in place ``row``: float64 [T], see ``positions``.

        The features must have positions or a frame rate.
        """
        first, last = self.offsets[row], self.offsets[row + 1]
        if self.positions is not None:
            return self.positions[first:last].astype(np.float64)
        return np.arange(last - first) / self.frame_rate

    def count_not_finite(self) -> tuple[int, int]:
        """How many values are NaN or infinite, and of how many utterances."""
        counts = np.count_nonzero(~np.isfinite(self.values), axis=1)
        (frames,) = counts.nonzero()
        rows = np.searchsorted(self.offsets, frames, side="right") - 1
        return int(counts.sum()), len(np.unique(rows))


def write_features(
    path: str | Path,
    utterances: list[str],
    frames: Iterable[np.ndarray],
    names: list[str],
    frame_rate: float | None,
    settings: dict[str, Any],
    weights_sha256: str,
    versions: dict[str, str] | None = None,
    positions: list[np.ndarray] | None = None,
    layers: Sequence[int] = (),
) -> None:
    """Write ``frames`` (one [T, D] array per utterance, in order), whole or not at all.

    ``positions`` (one [T] array per utterance) are read after the last of ``frames``, and left out
    of the file if no frame has one. ``layers``: see `Features`.

    Raises:
        InputError: an array does not have a column for each of ``names``.
    """
    width = len(names)
    offsets = [0]
    with whole(path) as unfinished, h5py.File(unfinished, "w") as file:
        values = file.create_dataset(
            "values", (0, width), "float32", maxshape=(None, width), chunks=(1024, width)
        )
        for utterance, array in zip(utterances, frames, strict=True):
            if array.ndim != 2 or array.shape[1] != width:
                raise InputError(
                    f"{path}: {utterance} has frames of shape {array.shape}, expected (T, {width})"
                )
            values.resize(offsets[-1] + len(array), axis=0)
            values[offsets[-1] :] = array
            offsets.append(offsets[-1] + len(array))
        file["utterance"] = np.array(utterances, dtype=h5py.string_dtype())
        file["offsets"] = np.array(offsets, dtype=np.int64)
        if positions is not None:
            starts = np.concatenate([np.zeros(0, np.float32), *positions]).astype(np.float32)
            if not np.isnan(starts).all():
                file["positions"] = starts
        file.attrs["feature_names"] = json.dumps(names)
        file.attrs["frame_rate"] = np.nan if frame_rate is None else frame_rate
        file.attrs["settings"] = json.dumps(settings, sort_keys=True)
        file.attrs["weights_sha256"] = weights_sha256
        file.attrs["versions"] = json.dumps(versions or {}, sort_keys=True)
        if layers:
            file.attrs["layers"] = json.dumps(list(layers))


def read_features(path: str | Path) -> Features:
    """Read a file of the feature store.

    Raises:
        InputError: the file is not a file of the feature store, or its parts do not fit together.
    """
    with open_features(path) as features, naming(path, _KIND):
        return replace(features, values=features.values[:])


@contextmanager
def open_features(path: str | Path) -> Iterator[Features]:
    """As `read_features`, but ``values`` stay in the open file and are read on access."""
    with open_hdf5(path, _KIND) as file:
        with naming(path, _KIND):
            features = _features(file)
        yield features


def _features(file: h5py.File) -> Features:
    frame_rate = float(file.attrs["frame_rate"])
    features = Features(
        utterances=[name.decode() for name in dataset(file, "utterance")[:]],
        offsets=dataset(file, "offsets")[:],
        values=dataset(file, "values"),
        names=json.loads(file.attrs["feature_names"]),
        frame_rate=None if np.isnan(frame_rate) else frame_rate,
        settings=json.loads(file.attrs["settings"]),
        weights_sha256=str(file.attrs["weights_sha256"]),
        versions=json.loads(file.attrs.get("versions", "{}")),
        positions=dataset(file, "positions")[:] if "positions" in file else None,
        layers=json.loads(file.attrs.get("layers", "[]")),
    )
    layers = features.layers
    if not isinstance(layers, list) or not all(type(number) is int for number in layers):
        raise ValueError(f"layers is {layers!r}, expected a list of whole numbers")
    if layers and len(features.names) % len(layers):
        raise ValueError(f"{len(features.names)} features cannot be those of {len(layers)} layers")
    values, offsets = features.values, features.offsets
    if values.ndim != 2 or values.dtype != np.float32 or values.shape[1] != len(features.names):
        raise ValueError(
            f"values are {values.dtype} {values.shape}, expected float32 (frames, "
            f"{len(features.names)})"
        )
    if not isinstance(features.settings, dict) or not isinstance(features.versions, dict):
        raise ValueError("settings and versions must be dictionaries")
    frames = len(values)
    if (
        offsets.dtype.kind not in "iu"
        or offsets.shape != (len(features.utterances) + 1,)
        or offsets[0] != 0
        or offsets[-1] != frames
        or (np.diff(offsets) < 0).any()
        or (features.positions is not None and features.positions.shape != (frames,))
    ):
        raise InputError(f"{file.filename}: offsets, utterances and values do not fit together")
    return features


def read_weights_sha256(path: str | Path) -> str:
    """SHA-256 of the weights behind a file of the feature store, without reading its frames.

    Raises:
        InputError: the file is not a file of the feature store.
    """
    with open_hdf5(path, _KIND) as file, naming(path, _KIND):
        return str(file.attrs["weights_sha256"])
