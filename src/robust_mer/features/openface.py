"""Action units, gaze and head pose, from tables that OpenFace wrote."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from robust_mer.errors import InputError, UtteranceError
from robust_mer.features.extractor import Extractor
from robust_mer.features.utterance import Extraction, Utterance
from robust_mer.features.weights import FileName, locate
from robust_mer.files import inside
from robust_mer.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
_COLUMNS = {
    "intensities": [f"AU{unit:02}_r" for unit in _UNITS],
    "presences": [f"AU{unit:02}_c" for unit in (*_UNITS[:-1], 28, 45)],
    "gaze": [
        *(f"gaze_{eye}_{axis}" for eye in (0, 1) for axis in "xyz"),
        *(f"gaze_angle_{axis}" for axis in "xy"),
    ],
    "pose": [f"pose_{kind}{axis}" for kind in "TR" for axis in "xyz"],
}
_FLAGS = {"intensities": "-aus", "presences": "-aus", "gaze": "-gaze", "pose": "-pose"}
_NEEDED = ["timestamp", "confidence", "success"]
_LONGER = 1.0  # seconds by which a table and its recording may differ

Part = Literal["intensities", "presences", "gaze", "pose"]


class OpenFaceSettings(Settings):
    """Settings of `OpenFace`."""

    folder: FileName
    """The folder with the tables that OpenFace's FeatureExtraction wrote: ``{utterance}.csv`` for
    an utterance, or ``{recording}.csv`` for a recording, of which an utterance may be a part."""
    parts: list[Part] = Field(default=["intensities", "gaze", "pose"], min_length=1)
    """Intensities (17, from 0 to 5) and presences (18) of action units, gaze (8: directions of both
    eyes, and two angles) and head pose (6: place in mm, and rotation)."""
    frame_rate: Annotated[float, Field(ge=0.1, le=100)] = 5.0
    """Frames per second: means over OpenFace's frames."""
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.8
    """Frames in which OpenFace trusts a face less are left out, as are those without success."""


class OpenFace(Extractor):
    """Means of OpenFace's features over spans of time, in which it saw a face.

    Of several faces, the one with most frames counts.

    Source: T. Baltrusaitis et al., "OpenFace 2.0: Facial Behavior Analysis Toolkit", FG 2018.
    """

    settings_class = OpenFaceSettings
    settings: OpenFaceSettings
    modality = "video"
    reads_tables = True

    def __init__(self, settings: OpenFaceSettings) -> None:
        super().__init__(settings)
        self._folder = locate(settings.folder, "folder of openface")
        if not any(self._folder.glob("*.csv")):
            raise InputError(
                f"config: folder of openface is {settings.folder!r}, which has no *.csv; run "
                "OpenFace's FeatureExtraction with -out_dir to fill it"
            )
        self.names = [name for part in settings.parts for name in _COLUMNS[part]]
        if len(set(self.names)) < len(self.names):
            raise InputError(
                f"config: parts of openface is {settings.parts}, which names one twice; remove it"
            )
        self.frame_rate = settings.frame_rate
        # Utterances of a recording follow each other.
        self._table = lru_cache(maxsize=1)(self._read)

    @classmethod
    def rate_of(cls, settings: Settings) -> float | None:
        """0: there are gaps where there is no face."""
        return 0.0

    def extract(self, utterance: Utterance) -> Extraction:
        """Features of the utterance's face: float32 [frames, D].

        Raises:
            UtteranceError: there is no table, it is damaged or lacks columns, it belongs to another
                recording, or it ends before the utterance does.
        """
        table, start, end = self._part(utterance)
        rate = self.settings.frame_rate
        # A time of three decimals may lie just below the one that it stands for.
        place = np.floor((table["timestamp"].to_numpy() - start) * rate + 1e-3 * rate)
        place = np.maximum(place, 0.0)
        values = table[self.names].to_numpy(np.float64)
        is_face = (table["success"] == 1) & (table["confidence"] >= self.settings.min_confidence)
        is_used = is_face.to_numpy() & np.isfinite(values).all(axis=1)
        notes = [] if is_used.all() else [f"no face: {(~is_used).sum()} of {len(table)} pictures"]
        if "face_id" in table and table["face_id"].nunique() > 1:
            longest = table.loc[is_used, "face_id"].mode()
            is_used &= (table["face_id"] == longest.get(0)).to_numpy()
            notes.append(f"several faces: {table['face_id'].nunique()}")
        frames, row = np.unique(place[is_used], return_inverse=True)
        sums = np.zeros((len(frames), len(self.names)))
        np.add.at(sums, row, values[is_used])
        means = sums / np.bincount(row, minlength=len(frames))[:, None]
        return Extraction(
            means.astype(np.float32),
            len(np.unique(place)),
            end - start,
            "; ".join(notes),
            positions=(frames / rate).astype(np.float32),
        )

    def _part(self, utterance: Utterance) -> tuple["pd.DataFrame", float, float]:
        """The rows of an utterance, and the seconds between which they lie."""
        path = inside(self._folder, f"{utterance.utterance}.csv")
        if path.is_file():
            table = self._table(path)
            return table, 0.0, _seconds(table)
        if utterance.video is None:
            raise UtteranceError(f"no table {path.name}, and no video file named in the index")
        path = self._folder / f"{utterance.video.stem}.csv"
        if not path.is_file():
            name = f"{utterance.utterance}.csv"
            raise UtteranceError(f"no table {path.name}" + f" or {name}" * (name != path.name))
        if utterance.region:
            raise UtteranceError(
                f"{path.name} is of the whole picture, the speaker in the region "
                f"{utterance.region}; cut out the region and write {utterance.utterance}.csv"
            )
        table = self._table(path)
        seconds = _seconds(table)
        _check_length(utterance.video, path, seconds)
        start = utterance.start or 0.0
        end = seconds if utterance.end is None else utterance.end
        if end > seconds + _LONGER:
            raise UtteranceError(f"{path.name} ends at {seconds:.2f} s, before the utterance does")
        times = table["timestamp"]
        is_part = (times >= start - 1e-3) & (times < (utterance.end or np.inf))
        return table[is_part], start, end

    def _read(self, path: Path) -> "pd.DataFrame":
        import pandas as pd

        used = {*_NEEDED, "face_id", *self.names}
        try:
            table = pd.read_csv(path, usecols=lambda name: name.strip() in used, dtype=str)
        except (OSError, ValueError) as error:  # pandas' errors are ValueErrors
            raise UtteranceError(f"{path.name} cannot be read as a table: {error}") from error
        table.columns = table.columns.str.strip()
        if lacking := [name for name in (*_NEEDED, *self.names) if name not in table]:
            flags = {flag for part, flag in _FLAGS.items() if {*lacking} & {*_COLUMNS[part]}}
            advice = f"; run FeatureExtraction with {' '.join(sorted(flags))}" if flags else ""
            raise UtteranceError(f"{path.name} has no column {lacking[0]}{advice}")
        table = table.apply(pd.to_numeric, errors="coerce")  # on Windows: -nan(ind)
        if not np.isfinite(table["timestamp"]).all() or table.empty:
            raise UtteranceError(f"{path.name} has rows without a timestamp, or no rows")
        return table


def _seconds(table: "pd.DataFrame") -> float:
    """Length of a table, with its last picture."""
    times = np.unique(table["timestamp"])
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    return float(times[-1]) + step


def _check_length(video: Path, table: Path, seconds: float) -> None:
    """Refuse a table that is not of a recording, if that is on this machine."""
    import av

    from robust_mer.features.media import open_recording

    if not video.is_file():
        return
    with open_recording(video) as container:
        length = container.duration and container.duration / av.time_base
    if length and abs(length - seconds) > max(_LONGER, 0.1 * length):
        raise UtteranceError(
            f"{table.name} lasts {seconds:.2f} s, {video.name} {length:.2f} s: it is of another "
            "recording of that name; name tables by the utterance"
        )
