"""The feature store: one HDF5 file per extractor, every utterance's frames one after the other."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from robust_mer.errors import InputError
from robust_mer.files import whole


@dataclass
class Features:
    """The frames of all utterances of a corpus from one extractor, as extracted (not normalised).

    ``values`` is float32 [frames, D]; ``values[offsets[i]:offsets[i + 1]]`` are the frames of
    ``utterances[i]``. An utterance in which nothing was found has none.
    """

    utterances: list[str]
    offsets: np.ndarray
    values: np.ndarray
    names: list[str]
    frame_rate: float | None  # frames per second; None where frames are words or tokens
    settings: dict
    weights_sha256: str
    # Of the packages that computed them, by name; empty for features that were published.
    versions: dict[str, str] = field(default_factory=dict)

    def row_of(self) -> dict[str, int]:
        """Map every utterance to its place in ``utterances``."""
        return {utterance: row for row, utterance in enumerate(self.utterances)}

    def frames(self, row: int) -> np.ndarray:
        """Frames of the utterance in place ``row``: float32 [T, D]."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

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
    settings: dict,
    weights_sha256: str,
    versions: dict[str, str] | None = None,
) -> None:
    """Write ``frames`` (one [T, D] array an utterance, in their order), whole or not at all."""
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
        file.attrs["feature_names"] = json.dumps(names)
        file.attrs["frame_rate"] = np.nan if frame_rate is None else frame_rate
        file.attrs["settings"] = json.dumps(settings, sort_keys=True)
        file.attrs["weights_sha256"] = weights_sha256
        file.attrs["versions"] = json.dumps(versions or {}, sort_keys=True)


def read_features(path: str | Path) -> Features:
    """Read a file of the feature store.

    Raises:
        InputError: the file is not one of the feature store's, or its parts do not fit together.
    """
    try:
        with h5py.File(path) as file:
            frame_rate = float(file.attrs["frame_rate"])
            features = Features(
                utterances=[name.decode() for name in file["utterance"][:]],
                offsets=file["offsets"][:],
                values=file["values"][:],
                names=json.loads(file.attrs["feature_names"]),
                frame_rate=None if np.isnan(frame_rate) else frame_rate,
                settings=json.loads(file.attrs["settings"]),
                weights_sha256=str(file.attrs["weights_sha256"]),
                versions=json.loads(file.attrs.get("versions", "{}")),
            )
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path} is not a file of the feature store: {error}") from error
    if len(features.offsets) != len(features.utterances) + 1 or features.offsets[-1] != len(
        features.values
    ):
        raise InputError(f"{path}: offsets, utterances and values do not fit together")
    return features


def read_weights_sha256(path: str | Path) -> str:
    """SHA-256 of the weights behind a file of the feature store, without reading its frames.

    Raises:
        InputError: the file is not one of the feature store's.
    """
    try:
        with h5py.File(path) as file:
            return str(file.attrs["weights_sha256"])
    except (OSError, KeyError) as error:
        raise InputError(f"{path} is not a file of the feature store: {error}") from error
