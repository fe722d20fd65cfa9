"""Find the faces of all utterances of a corpus, once for all visual extractors."""

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robust_mer.features.extract import Recipe, extract, read_utterances
from robust_mer.features.extractor import Extractor
from robust_mer.features.face_file import NAMES, to_values, write_face_file
from robust_mer.features.specs import FacesFiles, FacesSpec
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.features.visual import VisualSettings
from robust_mer.files import whole
from robust_mer.identity import code_identity
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin
from robust_mer.table import read_numbers


def find_faces(spec: FacesSpec, files: FacesFiles, runtime: Runtime) -> None:
    """Find faces in shards, as features are extracted; a killed job resumes.

    Raises:
        InputError: the index is wrong, or too many utterances failed.
    """
    crops = files.faces.with_name(f"{files.faces.name}.crops")
    code = code_identity(__name__)
    text = json.dumps([code, spec.settings], sort_keys=True)
    folder = crops / hashlib.sha256(text.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)

    def write(
        path: Path,
        names: list[str],
        frames: Iterable[np.ndarray],
        columns: list[str],
        frame_rate: float | None,
        _: dict[str, Any],
        weights_sha256: str,
        versions: dict[str, str],
        *,
        positions: list[np.ndarray],
        **__: Any,
    ) -> None:
        report = read_numbers(files.table, ["utterance", "status", "reason"])
        crops_of = {name: _crops_path(folder, name) for name in names}
        origin = spec.settings, weights_sha256, versions, positions
        write_face_file(path, report, crops_of, names, frames, columns, frame_rate, *origin)
        _count_reasons(report, files.reasons)

    settings = {"faces": spec.settings, "folder": str(folder)}
    recipe = Recipe(Plugin(f"{__name__}:FaceLister", settings), None, "", [code])
    utterances = read_utterances(files.utterances, Path(runtime.root))
    extract(recipe, utterances, files.faces, files.table, runtime, write)
    shutil.rmtree(crops)


class FaceListerSettings(VisualSettings):
    """Settings of `FaceLister`."""

    folder: str
    """Where the crops go."""


class FaceLister(Extractor):
    """The face finder as an extractor, for the processes that extract shards.

    The shard holds the facts of each face; its crops go into a file an utterance.
    """

    settings_class = FaceListerSettings
    modality = "video"
    uses_gpu = True
    names = NAMES

    def __init__(self, settings: FaceListerSettings) -> None:
        from robust_mer.features.face_finder import FaceFinder

        super().__init__(settings)
        self._finder = FaceFinder(settings.faces)
        self._folder = Path(settings.folder)
        self.frame_rate = settings.faces.frame_rate
        self.weights_sha256 = self._finder.weights_sha256

    def extract(self, utterance: Utterance) -> Extraction:
        """The facts of each face of the utterance: float32 [T, 17]."""
        faces = self._finder.find(utterance)
        if faces.crops:
            # No sweep: the folder is deleted in the end.
            with whole(_crops_path(self._folder, utterance.utterance), sweep=False) as unfinished:
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
