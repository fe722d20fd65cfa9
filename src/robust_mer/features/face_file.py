"""The file of a corpus' faces: the crops of every utterance with their places and times."""

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.faces import Faces
from robust_mer.files import naming, whole
from robust_mer.hdf5 import dataset, open_hdf5
from robust_mer.store import write_features

_KIND = "a file of faces"
_DATASETS = ("reason", "status", "values", "crop", "looked_at", "seconds")
_MARKS = ["left_eye", "right_eye", "nose", "left_mouth", "right_mouth"]  # as seen in the picture
NAMES = [
    "time",
    "left",
    "top",
    "right",
    "bottom",
    *(f"{mark}_{axis}" for mark in _MARKS for axis in "xy"),
    "probability",
    "crop_bytes",
]
"""The values that the file stores for each face, in the form of features."""


def to_values(faces: Faces) -> np.ndarray:
    """The values of each face: float32 [T, 17], named by `NAMES`."""
    count = len(faces.crops)
    sizes = np.array([len(jpeg) for jpeg in faces.crops], np.float32)
    return np.column_stack(
        [faces.time, faces.box, faces.landmarks.reshape(count, 10), faces.probability, sizes]
    ).astype(np.float32)


def write_face_file(
    path: str | Path,
    report: pd.DataFrame,
    crops_of: dict[str, Path],
    utterances: list[str],
    frames: Iterable[np.ndarray],
    names: list[str],
    frame_rate: float | None,
    settings: dict[str, Any],
    weights_sha256: str,
    versions: dict[str, str] | None = None,
    positions: list[np.ndarray] | None = None,
) -> None:
    """Write a file of the feature store with the faces' values and crops.

    ``crop`` holds the JPEG pictures one after the other, ``crop_bytes`` each.

    Args:
        path: HDF5 file; it appears whole or not at all.
        report: The extraction's; an utterance that failed keeps its reason here.
        crops_of: Files with the pictures, by utterance, for those that have any.
        utterances: All of them, in the report's order.
        frames: As returned by `to_values`.
        names: For this and the following see `robust_mer.store.write_features`.
        frame_rate: Pictures per second.
        settings: Of the face finder.
        weights_sha256: Of the face finder.
        versions: Of the packages.
        positions: The time of each face.
    """
    sizes = []

    def counted() -> Iterator[np.ndarray]:
        for array in frames:
            sizes.append(int(array[:, -1].astype(np.int64).sum()))
            yield array

    with whole(path) as unfinished:
        origin = settings, weights_sha256, versions, positions
        write_features(unfinished, utterances, counted(), names, frame_rate, *origin)
        ends = np.cumsum([0, *sizes])
        with h5py.File(unfinished, "a") as file:
            crop = file.create_dataset("crop", (ends[-1],), "uint8")
            for i, name in enumerate(utterances):
                if sizes[i]:
                    crop[ends[i] : ends[i + 1]] = np.fromfile(crops_of[name], np.uint8)
            file["crop_offsets"] = ends
            for key, kind in (("status", str), ("reason", str), ("looked_at", int)):
                file[key] = report[key].astype(kind).to_numpy(object if kind is str else kind)
            file["seconds"] = pd.to_numeric(report["seconds"]).to_numpy(float)


class FaceFile:
    """Reads a file of faces, one utterance at a time.

    Args:
        path: The file.
        settings: Required settings of the face search; None: any.

    Raises:
        InputError: the file is not a file of faces, or was made with other settings.
    """

    def __init__(self, path: str | Path, settings: dict[str, Any] | None = None):
        self.path = Path(path)
        self._file = open_hdf5(path, _KIND)
        with naming(path, _KIND):
            names = [name.decode() for name in dataset(self._file, "utterance")[:]]
            self._offsets = dataset(self._file, "offsets")[:]
            self._ends = dataset(self._file, "crop_offsets")[:]
            stored_settings = json.loads(self._file.attrs["settings"])
        if settings is not None and stored_settings != settings:
            raise InputError(
                f"{path} was made with other settings of features.faces than the config has; "
                "delete it and run again to detect the faces anew"
            )
        self._row = {name: row for row, name in enumerate(names)}

    def read(self, utterance: str) -> Faces:
        """The faces of an utterance.

        Raises:
            UtteranceError: the search failed, with its reason.
            InputError: the file does not contain the utterance.
        """
        if utterance not in self._row:
            raise InputError(f"{self.path} does not contain the utterance {utterance!r}")
        with naming(self.path, _KIND):
            return self._read(self._row[utterance])

    def _read(self, row: int) -> Faces:
        stored = {key: dataset(self._file, key) for key in _DATASETS}
        reason = stored["reason"][row].decode()
        if stored["status"][row] == b"failed":
            raise UtteranceError(reason)
        values = stored["values"][self._offsets[row] : self._offsets[row + 1]]
        pictures = stored["crop"][self._ends[row] : self._ends[row + 1]].tobytes()
        cuts = np.cumsum([0, *values[:, -1].astype(np.int64)])
        return Faces(
            crops=[pictures[a:b] for a, b in pairwise(cuts)],
            time=values[:, 0],
            box=values[:, 1:5],
            landmarks=values[:, 5:15].reshape(-1, 5, 2),
            probability=values[:, 15],
            looked_at=int(stored["looked_at"][row]),
            seconds=float(stored["seconds"][row]),
            note=reason,
        )
