"""The tree of features that the MMIN line published."""

from pathlib import Path

import h5py
import numpy as np

WIDTHS = {"A/comparE.h5": 130, "V/denseface.h5": 342, "L/bert_large.h5": 1024}


def make_mmin(root: Path, labels: dict[str, int], folds: dict[int, dict[str, list[str]]]) -> None:
    """Write features of 5 frames and the targets.

    Args:
        root: Where to.
        labels: Class of every utterance. IEMOCAP's labels are one-hot and its names bytes.
        folds: Utterances of ``trn``, ``val`` and ``tst`` of every fold.
    """
    rng = np.random.default_rng(5)
    one_hot = next(iter(labels)).startswith("Ses")
    for path, width in WIDTHS.items():
        (root / path).parent.mkdir(parents=True)
        with h5py.File(root / path, "w") as file:
            for utterance in labels:
                frames = rng.standard_normal((5, width)).astype("float32")
                frames[4] = 0  # padding
                file[utterance] = frames
    with h5py.File(root / "A/comparE_mean_std.h5", "w") as file:
        for fold in folds:
            file[f"{fold}/mean"], file[f"{fold}/std"] = np.zeros(130), np.ones(130)
    for fold, parts in folds.items():
        folder = root / f"target/{fold}"
        folder.mkdir(parents=True)
        for part, utterances in parts.items():
            numbers = np.array([labels[utterance] for utterance in utterances], dtype=int)
            names = np.array(utterances)
            if one_hot:
                names = np.array([[name.encode()] for name in utterances])
                numbers = np.eye(max(labels.values()) + 1)[numbers]
            np.save(folder / f"{part}_label.npy", numbers)
            np.save(folder / f"{part}_int2name.npy", names)
