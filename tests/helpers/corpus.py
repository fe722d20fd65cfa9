"""A small corpus, in which every modality gives partial information on the class."""

import numpy as np
import pandas as pd

from helpers.tasks import CLASSIFICATION
from robust_mer.data import read_labelled_corpus
from robust_mer.modality import Modality
from robust_mer.store import write_features

WIDTHS = {"audio": 6, "video": 5, "text": 7}
NORMALISE = {"audio": True, "video": False, "text": False}
NOT_FINITE = dict.fromkeys(NORMALISE)


def write_corpus(folder):
    """Write an index, folds and features of 96 utterances; their paths."""
    rng = np.random.default_rng(0)
    label = np.tile(["angry", "happy", "neutral", "sad"], 24)
    utterances = [f"u{i:02}" for i in range(len(label))]
    session = np.repeat([f"s{s}" for s in range(6)], 16)
    table = pd.DataFrame({"utterance": utterances, "session": session, "speaker": session})
    table["label"] = label
    table.to_csv(folder / "utterances.csv", index=False)
    part = np.repeat(["train", "train", "train", "train", "validation", "test"], 16)
    folds = pd.DataFrame({"fold": 1, "part": part, "utterance": utterances})
    folds.to_csv(folder / "folds.csv", index=False)
    place = pd.Series(label).astype("category").cat.codes.to_numpy()
    features = {}
    for modality, width in WIDTHS.items():
        centre = rng.standard_normal((4, width))
        frames = [
            (1.2 * centre[place[i]] + rng.standard_normal((rng.integers(2, 9), width))).astype("f4")
            for i in range(len(label))
        ]
        if modality == "video":
            frames[3] = frames[3][:0]  # nothing found in one training utterance
            frames[90] = frames[90][:0]  # nor in one test utterance
        features[modality] = folder / f"{modality}.h5"
        names = [f"{modality}{d}" for d in range(width)]
        write_features(features[modality], utterances, frames, names, None, {}, "")
    return {
        "utterances_csv": folder / "utterances.csv",
        "folds_csv": folder / "folds.csv",
        "features": features,
    }


def add_folds(corpus):
    """Give the corpus three folds of different sizes and numbers of batches."""
    path = corpus["folds_csv"]
    first = pd.read_csv(path)
    second = first[(first["part"] == "test") | (first.index % 16 < 13)].assign(fold=2)
    third = first[(first["part"] == "test") | (first.index < 32) | (first.index == 64)]
    third = pd.concat([third, first[first.index.isin([65, 66, 67, 68])]]).assign(fold=3)
    pd.concat([first, second, third]).to_csv(path, index=False)
    return corpus


def modalities(normalise=NORMALISE, not_finite=NOT_FINITE, extractor=None):
    """Modalities by name: whether they are normalised, and what replaces invalid values."""
    return tuple(
        Modality(
            name,
            extractor or name,
            extractor or name,
            is_normalised,
            not_finite[name],
            "convolutional" if name == "text" else "recurrent",
        )
        for name, is_normalised in normalise.items()
    )


def read(corpus, not_finite=NOT_FINITE, normalise=NORMALISE, task=CLASSIFICATION):
    """The corpus of which the fixture ``corpus`` gives the paths."""
    files = corpus["features"]
    chosen = modalities({name: normalise[name] for name in files}, not_finite)
    tables = corpus["utterances_csv"], corpus["folds_csv"]
    return read_labelled_corpus(*tables, chosen, list(files.values()), task)
