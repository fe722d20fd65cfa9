"""A small corpus in memory, in which every modality gives partial information on the class."""

import numpy as np
import pandas as pd
import pytest
from helpers.corpus import WIDTHS

from robust_mer.store import write_features


@pytest.fixture
def corpus(tmp_path):
    """Paths of an index, folds and features of 96 utterances, made anew for every test."""
    rng = np.random.default_rng(0)
    label = np.tile(["angry", "happy", "neutral", "sad"], 24)
    utterances = [f"u{i:02}" for i in range(len(label))]
    session = np.repeat([f"s{s}" for s in range(6)], 16)
    table = pd.DataFrame({"utterance": utterances, "session": session, "speaker": session})
    table["label"] = label
    table.to_csv(tmp_path / "utterances.csv", index=False)
    part = np.repeat(["train", "train", "train", "train", "validation", "test"], 16)
    folds = pd.DataFrame({"fold": 1, "part": part, "utterance": utterances})
    folds.to_csv(tmp_path / "folds.csv", index=False)
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
        features[modality] = tmp_path / f"{modality}.h5"
        names = [f"{modality}{d}" for d in range(width)]
        write_features(features[modality], utterances, frames, names, None, {}, "")
    return {
        "utterances_csv": tmp_path / "utterances.csv",
        "folds_csv": tmp_path / "folds.csv",
        "features": features,
    }


@pytest.fixture
def folds(corpus):
    """The corpus with three folds of different sizes and numbers of batches."""
    path = corpus["folds_csv"]
    first = pd.read_csv(path)
    second = first[(first["part"] == "test") | (first.index % 16 < 13)].assign(fold=2)
    third = first[(first["part"] == "test") | (first.index < 32) | (first.index == 64)]
    third = pd.concat([third, first[first.index.isin([65, 66, 67, 68])]]).assign(fold=3)
    pd.concat([first, second, third]).to_csv(path, index=False)
    return corpus
