"""A random corpus of IEMOCAP's size, in memory and as files. It contains nothing to learn."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from robust_mer.modality import Encoder
from robust_mer.store import write_features

WIDTHS = {"audio": 130, "video": 342, "text": 1024}
NORMALISE = {"audio": True, "video": False, "text": False}
ENCODERS: dict[str, Encoder] = {
    "audio": "recurrent",
    "video": "recurrent",
    "text": "convolutional",
}
CLASSES = {"angry": 1103, "happy": 1636, "neutral": 1708, "sad": 1084}
SESSIONS = (1085, 1023, 1151, 1031, 1241)
FULL = sum(SESSIONS)  # utterances
TOKENS = 22
FOLD = 1  # the one of (a) and (b)
_FIRST_SPEAKER = 528 / 1085  # share of a session, from the first one
_FRAME_RATE = 10.0  # Hz, audio and video
_MEAN_SECONDS, _SHORTEST, _LONGEST = 4.5, 0.6, 34.0
_SPREAD = 0.64  # of log duration: the longest of 5531 draws is then close to the real maximum


@dataclass
class RandomCorpus:
    """Utterances, labels (places in ``CLASSES``), folds and the frames of all utterances.

    ``parts[fold][part]`` are places of utterances; ``values[modality]`` is float32 [frames, D],
    one utterance after the other, and ``length[modality]`` [N] is each one's number of frames.
    """

    utterances: list[str]
    label: np.ndarray
    parts: dict[int, dict[str, np.ndarray]]
    length: dict[str, np.ndarray]
    values: dict[str, np.ndarray]

    def frames(self, modality: str) -> list[np.ndarray]:
        """Frames [T, D] of every utterance."""
        return np.split(self.values[modality], np.cumsum(self.length[modality])[:-1])

    def statistics(self, modality: str) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation [D] with which ``FOLD`` normalises."""
        if not NORMALISE[modality]:
            return np.zeros(WIDTHS[modality], "f4"), np.ones(WIDTHS[modality], "f4")
        frames = self.frames(modality)
        training = np.concatenate([frames[row] for row in self.parts[FOLD]["train"]])
        return training.mean(axis=0), training.std(axis=0)


def draw_corpus(utterances: int) -> RandomCorpus:
    """A corpus of about that many utterances, with sessions and parts in IEMOCAP's proportions."""
    rng = np.random.default_rng(0)
    sizes = [round(size * utterances / FULL) for size in SESSIONS]
    total = sum(sizes)
    seconds = rng.lognormal(np.log(_MEAN_SECONDS) - _SPREAD**2 / 2, _SPREAD, total)
    frames = np.rint(seconds.clip(_SHORTEST, _LONGEST) * _FRAME_RATE).astype(int)
    length = {"audio": frames, "video": frames, "text": np.full(total, TOKENS)}
    share = np.array(list(CLASSES.values())) / FULL
    return RandomCorpus(
        [f"u{row:04}" for row in range(total)],
        rng.choice(len(CLASSES), total, p=share),
        session_speakers(sizes),
        length,
        {m: rng.standard_normal((length[m].sum(), d), dtype="f4") for m, d in WIDTHS.items()},
    )


def session_speakers(sizes: list[int]) -> dict[int, dict[str, np.ndarray]]:
    """Leave one session out: one speaker for validation, one for test, and the reverse."""
    sessions = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    parts = {}
    for place, session in enumerate(sessions):
        train = np.concatenate(sessions[:place] + sessions[place + 1 :])
        first, second = np.split(session, [round(len(session) * _FIRST_SPEAKER)])
        parts[2 * place + 1] = {"train": train, "validation": first, "test": second}
        parts[2 * place + 2] = {"train": train, "validation": second, "test": first}
    return parts


def write_workflow_files(corpus: RandomCorpus, folder: Path) -> dict:
    """Index, folds and feature store, as keyword arguments of the training stage."""
    classes = list(CLASSES)
    table = {"utterance": corpus.utterances, "label": [classes[place] for place in corpus.label]}
    pd.DataFrame(table).to_csv(folder / "utterances.csv", index=False)
    rows = [
        (fold, part, corpus.utterances[row])
        for fold, parts in corpus.parts.items()
        for part, places in parts.items()
        for row in places
    ]
    columns = ["fold", "part", "utterance"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "folds.csv", index=False)
    features = {modality: folder / f"{modality}.h5" for modality in WIDTHS}
    for modality, path in features.items():
        names = [f"{modality}{d}" for d in range(WIDTHS[modality])]
        write_features(path, corpus.utterances, corpus.frames(modality), names, None, {}, "")
    return {
        "utterances_csv": folder / "utterances.csv",
        "folds_csv": folder / "folds.csv",
        "features": features,
    }


def write_published_layout(corpus: RandomCorpus, folder: Path) -> dict[str, Path]:
    """A file per modality with an HDF5 dataset per utterance, in the published layout of MMIN."""
    paths = {modality: folder / f"published_{modality}.h5" for modality in WIDTHS}
    for modality, path in paths.items():
        with h5py.File(path, "w") as file:
            for utterance, frames in zip(corpus.utterances, corpus.frames(modality), strict=True):
                file[utterance] = frames
    return paths
