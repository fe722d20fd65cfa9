"""Reader of folders with a ``.npy`` file for each utterance, as GCNet and MERBench publish them.

A corpus' folder holds label files and ``features/{extractor}-UTT/{utterance}.npy`` with a vector
[D], or ``features/{extractor}-FRA/{utterance}.npy`` with frames [T, D]. Instead of a file, a folder
``{utterance}/`` may hold a file for each picture, or, in GCNet's IEMOCAP, for each of two speakers.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from robust_mer.corpora import iemocap
from robust_mer.corpora.class_names import name_classes
from robust_mer.corpora.disk import Recordings, existing, required_file, wrong_root
from robust_mer.corpora.feature_files import (
    SENTIMENT,
    FeatureSource,
    Polarity,
    cut_padding,
    first_of_names,
    named_for,
    number_text,
    part_of,
    polarity,
)
from robust_mer.corpora.label_files import Labelled, read_labels
from robust_mer.corpora.labels import LabelMap, our_label
from robust_mer.corpora.manifest import Manifest, ManifestSettings
from robust_mer.corpora.reader import FeatureReader
from robust_mer.corpora.utterances import Reading
from robust_mer.encodings import Encoding
from robust_mer.errors import InputError, UtteranceError
from robust_mer.files import inside, naming
from robust_mer.names import name_key
from robust_mer.settings import Settings

_VALENCE = "valence"
_UTTERANCE = "{utterance}"
_TABLES = (".csv", ".tsv", ".txt")
_FEWEST_VIDEOS = 3
# Published sizes of classes, all different within a corpus, so that they tell the order.
_SIZES = (
    {"angry": 1103, "happy": 1636, "neutral": 1708, "sad": 1084},  # IEMOCAP, excited is happy
    {
        "angry": 1103,
        "excited": 1041,
        "frustrated": 1849,
        "happy": 648,
        "neutral": 1708,
        "sad": 1084,
    },  # IEMOCAP
    {
        "anger": 1607,
        "disgust": 361,
        "fear": 358,
        "joy": 2308,
        "neutral": 6436,
        "sadness": 1002,
        "surprise": 1636,
    },  # MELD, all parts
)


class NPYSettings(Settings):
    """Settings of `NPY`."""

    file: str = "IEMOCAP_features_raw_4way.pkl"
    """The label file, in the corpus' root: GCNet's ``.pkl``, MERBench's ``.npz``, or a ``.csv``
    with the columns of a manifest. Of several label sets, the one that is named here is used."""
    folders: dict[str, str] = Field(
        default={
            "audio": "features/wav2vec-large-c-UTT",
            "video": "features/manet_UTT",
            "text": "features/deberta-large-4-UTT",
        }
    )
    """The folder of each modality that is imported, in the corpus' root."""
    classes: list[str] = Field(default=[])
    """Labels in the order of the file's numbers. Empty: inferred from the sizes of the classes,
    which works where all of IEMOCAP or MELD is there."""
    labels: LabelMap = Field(default={})
    """Our label for each of the file's, where those need a map. Utterances with others are left
    out."""
    zero: Polarity = "positive"
    """Class of sentiment 0, where the file labels the sentiment alone."""
    recordings: dict[Literal["audio", "video"], str] = Field(default={})
    """Path of an utterance's recording, with ``{utterance}``, for modalities that are extracted,
    e.g. ``subaudio/{utterance}.wav``."""
    encoding: Encoding = ""
    """Encoding of a ``.csv``, see the reader ``manifest``."""


class NPY(FeatureReader):
    """Names, labels, splits and features of a folder of GCNet or MERBench.

    IEMOCAP's utterances get a column ``part_{session}`` for each fold that tests on a session.
    Other corpora have ``part``, and ``subset`` where they have several test parts. Valences become
    the column ``valence``; where the file has no emotions, they are the ``sentiment``.
    """

    settings_class = NPYSettings
    settings: NPYSettings
    named_by = "folders"
    signals = ("audio", "video", "text")

    @classmethod
    def fits(cls, root: Path) -> bool:
        """See `Reader`: by GCNet's label files, or folders of vectors or frames."""
        names = ("*_features_raw_?way.pkl", "features/*[-_]UTT", "features/*[-_]FRA")
        return any(any(root.glob(name)) for name in names)

    def tables(self) -> list[Path]:
        """The label file."""
        return existing([self.root / self.settings.file])

    def read(self) -> Reading:
        """See `Reader`.

        Raises:
            InputError: no such label file, it is of another layout, nothing names its classes, or
                none of the recordings exists.
        """
        settings = self.settings
        advice = "Put the label file there, or name it in the corpus' setting file"
        path = required_file(self.root, settings.file, advice)
        if path.suffix.lower() in _TABLES:
            of_table = ManifestSettings(
                table=settings.file, labels=settings.labels, encoding=settings.encoding
            )
            manifest = Manifest(of_table, self.root)
            manifest.needs_label = self.needs_label
            reading = manifest.read()
        else:
            reading = _Labels(settings, path, read_labels(path), self.needs_label).read()
        self._add_recordings(reading, path)
        return reading

    def _add_recordings(self, reading: Reading, path: Path) -> None:
        """Find the recordings that the settings name.

        Raises:
            InputError: a path has no place for the utterance, or no such file exists.
        """
        recordings = Recordings(self.root)
        for column, pattern in self.settings.recordings.items():
            if _UTTERANCE not in pattern:
                raise InputError(
                    f"config: the setting recordings.{column} is {pattern!r}; expected a path with "
                    f"{_UTTERANCE}"
                )
            missing = []
            for row in reading.rows:
                named = pattern.replace(_UTTERANCE, row["utterance"])
                row[column] = recordings.locate(named) or ""
                if not row[column]:
                    missing.append(row["utterance"])
                    reading.note(path, 0, f"{column} file {named} is missing")
            if missing and len(missing) == len(reading.rows):
                raise InputError(
                    f"{self.root}: none of {len(missing)} {column} files exists, e.g. "
                    f"{pattern.replace(_UTTERANCE, missing[0])}; expected the paths of the setting "
                    f"recordings relative to this folder"
                )

    def sources(self, modality: str) -> list[Path]:
        """The folder of the modality: Snakemake sees files that come and go, not what is in them.

        Thousands of files as inputs would slow down every planning.
        """
        folder = self.root / named_for(modality, self.settings.folders)
        return [folder] if folder.is_dir() else []

    def features(self, modality: str) -> FeatureSource:
        """See `FeatureReader`."""
        named = named_for(modality, self.settings.folders)
        folder = inside(self.root, named)
        if not folder.is_dir():
            above = folder.parent if folder.parent.is_dir() else self.root
            advice = f"Name the folder of {modality} in the corpus' setting folders"
            raise wrong_root(above, f"no folder {named} of features", advice)
        return UtteranceFiles(folder)


class _Labels:
    """The utterances of a label file, on their way into a reading."""

    def __init__(
        self, settings: NPYSettings, path: Path, labelled: list[Labelled], needs_label: bool
    ) -> None:
        self._settings, self._path, self._labelled = settings, path, labelled
        self._needs_label = needs_label
        self._names = self._named_classes()
        self._known = {one.utterance: iemocap.parse_name(one.utterance) for one in labelled}
        self._sessions = sorted({known["session"] for known in self._known.values() if known})
        self._are_iemocap = all(self._known.values())
        self._value = SENTIMENT if labelled[0].emotion is None else _VALENCE
        self._videos = self._videos_of_names()

    def read(self) -> Reading:
        """Add all utterances."""
        more = ["dialogue"]
        if self._are_iemocap:
            more += ["script", *map(_fold_column, self._sessions)]
        elif any(one.part for one in self._labelled):
            more += ["part"]
        if any(one.subset[-1:].isdecimal() for one in self._labelled):
            more += ["subset"]
        if not all(np.isnan(one.value) for one in self._labelled):
            more += [self._value]
        reading = Reading(more=more)
        if not self._are_iemocap and not self._videos:
            what = "the names tell no speaker: every utterance counts as a speaker of its own"
            reading.note(self._path, 0, what)
        for one in self._labelled:
            label = our_label(self._label_of(one), self._settings.labels)
            if not label and self._needs_label:
                what = f"{one.utterance} has the unknown label {self._label_of(one)!r}"
                reading.skip(self._path, 0, what)
                continue
            row = self._place_of(one) | {"utterance": one.utterance, "label": label or ""}
            row |= {"text": one.text, "subset": one.subset, self._value: number_text(one.value)}
            reading.add({**row, "region": "", "audio_is_cut": "1"}, self._path, 0)
        return reading

    def _named_classes(self) -> dict[int, str]:
        numbers = {
            one.utterance: one.emotion for one in self._labelled if isinstance(one.emotion, int)
        }
        if not numbers:
            return {}
        return name_classes(numbers, self._settings.classes, _SIZES, self._path)

    def _label_of(self, one: Labelled) -> str:
        """The label by the file, or the polarity of its sentiment."""
        if one.emotion is None:
            return polarity(one.value, self._settings.zero)
        return self._names[one.emotion] if isinstance(one.emotion, int) else one.emotion

    def _place_of(self, one: Labelled) -> dict[str, str]:
        """Session, speaker, dialogue and parts."""
        known = self._known[one.utterance]
        if known is not None and self._are_iemocap:
            tested = {
                _fold_column(session): "test" if session == known["session"] else "train"
                for session in self._sessions
            }
            return known | tested
        video = one.video or self._videos.get(one.utterance, one.utterance)
        row = {"session": video, "dialogue": video, "speaker": video + one.speaker}
        return row | {"part": part_of(one.part, str(self._path)) if one.part else ""}

    def _videos_of_names(self) -> dict[str, str]:
        """What is before the last _ of the names, where that tells videos apart; else nothing."""
        videos = {
            one.utterance: one.video or one.utterance.rpartition("_")[0] for one in self._labelled
        }
        is_video = len(Counter(videos.values())) >= _FEWEST_VIDEOS and all(videos.values())
        return videos if is_video else {}


def _fold_column(session: str) -> str:
    """The column of the fold that tests on one of IEMOCAP's sessions, ``Ses01`` and so on."""
    return f"part_{int(session[3:])}"


class UtteranceFiles:
    """A folder with a ``.npy`` file, or a folder of them, for each utterance; see `FeatureSource`.

    Raises:
        InputError: no file can be read.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder
        visible = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
        files = [(path.stem, path) for path in visible if path.suffix == ".npy"]
        folders = [(path.name, path) for path in visible if path.is_dir()]
        self._paths = first_of_names([*files, *folders])
        self.width = self._first_width()

    def frames(self, utterance: str) -> tuple[np.ndarray, int]:
        """See `FeatureSource`. A vector [D] is one frame; one of zeros stands for nothing."""
        path = self._paths.get(name_key(utterance))
        if path is None:
            raise UtteranceError(f"{self.file.name} has no {utterance}.npy")
        files = [path] if path.suffix == ".npy" else of_speaker(path, utterance)
        if not files:
            return np.zeros((0, self.width)), 0
        arrays = [_read(file, self.width) for file in files]
        return cut_padding(np.concatenate(arrays))

    def _first_width(self) -> int:
        reason = "no .npy files"
        for path in self._paths.values():
            for file in [path] if path.suffix == ".npy" else sorted(path.glob("*.npy")):
                try:
                    if width := _read(file).shape[1]:
                        return width
                except UtteranceError as error:
                    reason = f"no .npy file that can be read; {error}"
        raise InputError(f"{self.file} holds {reason}; expected one for each utterance")


def of_speaker(folder: Path, utterance: str) -> list[Path]:
    """Files of an utterance's folder; in IEMOCAP's, which show two people, those of the speaker."""
    files = [path for path in folder.glob("*.npy") if not path.name.startswith(".")]
    files.sort(key=lambda path: _natural(path.stem))
    named = iemocap.parse_name(utterance)
    genders = {path: _gender(path.stem) for path in files}
    if named is None or not all(genders.values()):
        return files
    return [path for path in files if genders[path] == named["speaker"][-1]]


def _gender(stem: str) -> str:
    """F or M if that is one of a name's parts, as in ``compress_F``; else ""."""
    parts = set(re.split(r"[^A-Za-z0-9]+", stem)) & {"F", "M"}
    return parts.pop() if len(parts) == 1 else ""


def _natural(stem: str) -> list[tuple[int, str]]:
    """A name's place among others: numbers by their value, so that 2 comes before 10."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", stem)
    ]


def _read(path: Path, width: int | None = None) -> np.ndarray:
    """Frames [T, D] of a file.

    Raises:
        UtteranceError: it cannot be read, or holds something else.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        with naming(path, "an array that can be read"):
            values = np.load(path, allow_pickle=False)
    except InputError as error:
        raise UtteranceError(str(error)) from None
    if values.dtype.kind not in "fiu":
        raise UtteranceError(f"{name} holds {values.dtype}, expected numbers")
    while values.ndim > 2 and 1 in values.shape[:-1]:
        values = values.squeeze(values.shape.index(1))
    if not values.size:
        return np.zeros((0, width or 0))
    frames = np.atleast_2d(values)
    if not values.ndim or frames.ndim != 2 or (width is not None and frames.shape[1] != width):
        expected = "(frames, features)" if width is None else f"(frames, {width})"
        raise UtteranceError(f"{name} has the shape {values.shape}, expected {expected}")
    return frames
