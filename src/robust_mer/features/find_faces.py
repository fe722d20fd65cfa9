"""Find the faces of all utterances of a corpus, once for all visual extractors."""

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from robust_mer.features.extract import extract_features
from robust_mer.features.face_file import NAMES, to_values, write_face_file
from robust_mer.features.face_finder import FaceFinder
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.files import whole
from robust_mer.identity import code_identity


def find_faces(
    utterances_csv: str | Path,
    root: str | Path,
    settings: dict,
    faces_path: str | Path,
    report_path: str | Path,
    reasons_path: str | Path,
    threads: int,
    max_failed_fraction: float,
    device: str = "auto",
    max_seconds: float = float("inf"),
) -> None:
    """Find faces in shards, as features are extracted; a killed job goes on where it was.

    Args:
        utterances_csv: The index: one row an utterance.
        root: Folder that the index's paths are relative to.
        settings: As ``SETTINGS`` of `robust_mer.features.faces`.
        faces_path: File to write; see `robust_mer.features.face_file`.
        report_path: Table of all utterances, as of an extraction.
        reasons_path: Table of how many utterances have which status and reason.
        threads: Number of processes.
        max_failed_fraction: Largest fraction of utterances whose video may be unusable.
        device: ``auto`` lets the detector use a GPU where there is one, ``cpu`` hides it.
        max_seconds: How long one utterance may take; then it counts as one that crashes.

    Raises:
        InputError: the index is wrong, or too many utterances failed.
    """
    faces_path = Path(faces_path)
    crops = faces_path.with_name(f"{faces_path.name}.crops")
    text = json.dumps([code_identity(__name__), settings], sort_keys=True)
    folder = crops / hashlib.sha256(text.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)

    def write(
        path: Path,
        names: list[str],
        frames: Iterable[np.ndarray],
        *others,
        positions: list[np.ndarray],
    ) -> None:
        columns, frame_rate, _, *origin = others
        report = pd.read_csv(report_path, keep_default_na=False)
        crops_of = {name: _crops_path(folder, name) for name in names}
        stored = names, frames, columns, frame_rate, settings, *origin
        write_face_file(path, report, crops_of, *stored, positions=positions)
        _count_reasons(report, reasons_path)

    extract_features(
        utterances_csv,
        root,
        f"{__name__}:FoundFaces",
        {"faces": settings, "folder": str(folder)},
        faces_path,
        report_path,
        threads,
        max_failed_fraction,
        write=write,
        device=device,
        max_seconds=max_seconds,
    )
    shutil.rmtree(crops)


class FoundFaces:
    """The face finder as an extractor, for the processes that extract shards.

    What is told of each face goes into the shard; its crops go into a file an utterance.
    """

    names = NAMES

    def __init__(self, settings: dict):
        self._finder = FaceFinder(settings["faces"])
        self._folder = Path(settings["folder"])
        self.frame_rate = float(settings["faces"]["frame_rate"])
        self.weights_sha256 = self._finder.weights_sha256

    def extract(self, utterance: Utterance) -> Extraction:
        """What is told of each face of the utterance: float32 [T, 17]."""
        faces = self._finder.find(utterance)
        if faces.crops:
            with whole(_crops_path(self._folder, utterance.utterance)) as unfinished:
                unfinished.write_bytes(b"".join(faces.crops))
        return Extraction(
            to_values(faces), faces.looked_at, faces.seconds, faces.note, positions=faces.time
        )


def _crops_path(folder: Path, utterance: str) -> Path:
    return folder / f"{hashlib.sha256(utterance.encode()).hexdigest()[:32]}.jpgs"


def _count_reasons(report: pd.DataFrame, path: str | Path) -> None:
    """Write how many utterances have which status, and the kind of reason that stands beside it."""
    kinds = report.assign(reason=report["reason"].str.partition(":")[0])
    counts = kinds.groupby(["status", "reason"], as_index=False).agg(
        utterances=("utterance", "size"), frames=("frames", "sum"), first=("utterance", "first")
    )
    with whole(path) as unfinished:
        counts.sort_values("utterances", ascending=False).to_csv(unfinished, index=False)
