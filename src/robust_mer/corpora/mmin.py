"""Reader of the features that the MMIN line published (Zhao et al. 2021; Zuo et al. 2023).

A folder with ``A/comparE.h5``, ``V/denseface.h5`` and ``L/bert_large.h5``, each with a dataset
[T, D] per utterance, and ``target/{fold}/{trn,val,tst}_{label,int2name}.npy``. Labels are one-hot
(IEMOCAP) or numbers (MSP-IMPROV).
"""

from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import Field

from robust_mer.corpora import iemocap, msp_improv
from robust_mer.corpora.class_names import name_classes
from robust_mer.corpora.disk import existing, required_file, wrong_root
from robust_mer.corpora.feature_files import (
    FeatureSource,
    cut_padding,
    first_of_names,
    named_for,
    part_of,
    text_of,
)
from robust_mer.corpora.reader import FeatureReader
from robust_mer.corpora.utterances import Reading
from robust_mer.errors import InputError, UtteranceError
from robust_mer.files import inside, naming
from robust_mer.hdf5 import dataset, open_hdf5
from robust_mer.names import name_key
from robust_mer.settings import Settings

_KIND = "a file with a dataset (frames, features) for each utterance"
_PARTS = ("trn", "val", "tst")
# Published sizes of the four classes, all different, so that they tell the order.
_SIZES = (
    {"angry": 1103, "happy": 1636, "neutral": 1708, "sad": 1084},  # IEMOCAP
    {"angry": 470, "happy": 1048, "neutral": 1789, "sad": 633},  # MSP-IMPROV, condition S
)


class MMINSettings(Settings):
    """Settings of `MMIN`."""

    files: dict[str, str] = Field(
        default={"audio": "A/comparE.h5", "video": "V/denseface.h5", "text": "L/bert_large.h5"}
    )
    """The file of each modality, in the corpus' root."""
    target: str = "target"
    """The folder with a folder a fold."""
    classes: list[str] = Field(default=[])
    """Our labels in the order of the file's numbers. Empty: inferred from the sizes of the classes,
    which works where all of IEMOCAP, or of MSP-IMPROV's condition S, is there."""
    keep_padding: list[str] = Field(default=[])
    """Modalities whose rows of padding stay. ``[text]`` does as MMIN's released code: texts have 22
    rows there, and its TextCNN also counts windows that reach past a text's end."""


class MMIN(FeatureReader):
    """Names, labels and folds, and the published features.

    A fold is a column ``part_{fold}``. Session, speaker and ``dialogue`` are those that the
    utterances' names say. The root holds ``A``, ``V``, ``L`` and ``target``.
    """

    settings_class = MMINSettings
    settings: MMINSettings
    named_by = "files"
    signals = ()

    @classmethod
    def fits(cls, root: Path) -> bool:
        """See `Reader`: by the labels of a fold."""
        return any(root.glob(f"{MMINSettings().target}/1/*_label.npy"))

    def tables(self) -> list[Path]:
        """Labels and names of all folds."""
        return sorted((self.root / self.settings.target).glob("*/*.npy"))

    def read(self) -> Reading:
        """See `Reader`.

        Raises:
            InputError: there are no folds, or the order of the classes is unknown.
        """
        folder = inside(self.root, self.settings.target)
        folds = self._folds(folder)
        reading = Reading(more=["dialogue", *(f"part_{fold.name}" for fold in folds)])
        numbers: dict[str, int] = {}
        parts: dict[str, dict[str, str]] = {}
        for fold in folds:
            for part in _PARTS:
                for utterance, number in zip(*_read_part(fold, part), strict=True):
                    if numbers.setdefault(utterance, number) != number:
                        raise InputError(
                            f"{fold}: {utterance} has class {number}, but class "
                            f"{numbers[utterance]} in another fold"
                        )
                    parts.setdefault(utterance, {})[f"part_{fold.name}"] = part_of(part, str(fold))
        classes = name_classes(numbers, self.settings.classes, _SIZES, folder)
        for utterance, number in numbers.items():
            named = iemocap.parse_name(utterance) or msp_improv.parse_name(utterance)
            if named is None:
                reading.note(folder, 0, f"{utterance}: the name does not tell the speaker")
            row = {**(named or {}), **parts[utterance], "utterance": utterance}
            row |= {"label": classes[number], "region": "", "audio_is_cut": "1"}
            reading.add(row, folder, 0)
        return reading

    def sources(self, modality: str) -> list[Path]:
        """The file of the modality."""
        return existing([self.root / named_for(modality, self.settings.files)])

    def features(self, modality: str) -> FeatureSource:
        """See `FeatureReader`."""
        file = named_for(modality, self.settings.files)
        advice = "Put the file there, or name it in the config"
        path = required_file(self.root, file, advice)
        return Datasets(path, modality in self.settings.keep_padding)

    def _folds(self, folder: Path) -> list[Path]:
        """Folders of the folds, in the order of their numbers."""
        folds = sorted(
            (path for path in folder.glob("*") if path.is_dir() and path.name.isdecimal()),
            key=lambda path: int(path.name),
        )
        if not folds:
            raise wrong_root(
                self.root,
                f"no {self.settings.target}/1 ... of the published features",
                "Point the corpus' root at the folder with A, V, L and target",
            )
        return folds


class Datasets:
    """A file with a dataset per utterance; see `FeatureSource`.

    Args:
        file: The file.
        keep_padding: Whether rows of zeros at either end stay.
    """

    def __init__(self, file: Path, keep_padding: bool = False) -> None:
        self.file, self._keep_padding = file, keep_padding
        self._content = open_hdf5(file, _KIND)
        with naming(file, _KIND):
            first = dataset(self._content, next(iter(self._content), "any utterance"))
            if first.ndim not in (1, 2):
                raise ValueError(f"{first.name} has the shape {first.shape}")
        self.width = first.shape[-1]

    def frames(self, utterance: str) -> tuple[np.ndarray, int]:
        """See `FeatureSource`. An utterance of zeros alone has no frames in any case."""
        name = utterance if utterance in self._content else self._names.get(name_key(utterance))
        if name is None:
            raise UtteranceError(f"{self.file.name} has no such utterance")
        frames = np.atleast_2d(dataset(self._content, name)[()])
        return (frames, 0) if self._keep_padding and frames.any() else cut_padding(frames)

    @cached_property
    def _names(self) -> dict[str, str]:
        return first_of_names((name, name) for name in self._content)


def _read_part(fold: Path, part: str) -> tuple[list[str], list[int]]:
    path = fold / f"{part}_int2name.npy"
    with naming(path, "an array of names"):
        names = [text_of(np.ravel(name)[0]) for name in np.load(path, allow_pickle=False)]
    path = fold / f"{part}_label.npy"
    with naming(path, "an array of labels"):
        labels = np.load(path, allow_pickle=False)
        if labels.ndim == 2 and labels.shape[1] > 1:
            labels = labels.argmax(axis=1)
        numbers = [int(number) for number in labels.ravel()]
    if len(names) != len(numbers):
        raise InputError(f"{fold}: {part} has {len(names)} names and {len(numbers)} labels")
    return names, numbers
