"""Label files and feature folders as GCNet and MERBench publish them."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

FOLDERS = {
    "audio": "features/wav2vec-large-c-UTT",
    "video": "features/manet_UTT",
    "text": "features/deberta-large-4-UTT",
}
WIDTHS = {"audio": 8, "video": 6, "text": 5}


def iemocap_names(per_video: int = 4) -> dict[str, list[str]]:
    """Utterances by video: two videos in each of five sessions, of both speakers."""
    return {
        video: [f"{video}_{gender}{n:03d}" for gender in "FM" for n in range(per_video // 2)]
        for session in range(1, 6)
        for video in (f"Ses0{session}F_impro01", f"Ses0{session}M_script01_1")
    }


def write_pickle(
    path: Path,
    names: Mapping[str, Sequence[str]],
    labels: Mapping[str, Any],
    parts: Sequence[set[str]],
) -> None:
    """A label pickle of GCNet.

    Args:
        path: Where to.
        names: Utterances by video.
        labels: By utterance, a class's number, or a sentiment.
        parts: Videos of training (, validation) and test.
    """
    of_iemocap = next(iter(names)).startswith("Ses")
    content = [
        {video: list(utterances) for video, utterances in names.items()},
        {video: [labels[name] for name in utterances] for video, utterances in names.items()},
        {
            video: [name[-4] if of_iemocap else "" for name in utterances]
            for video, utterances in names.items()
        },
        {video: np.array([f"Words of {n}." for n in names[video]]) for video in names},
        *parts,
    ]
    path.write_bytes(pickle.dumps(content, 3))


def write_npz(path: Path, parts: Mapping[str, Mapping[str, dict[str, Any]]]) -> None:
    """A label file of MERBench: by part, ``emo`` and ``val`` of each utterance."""
    np.savez_compressed(
        path, **{f"{part}_corpus": np.array(corpus, object) for part, corpus in parts.items()}
    )


def write_features(root: Path, labels: Mapping[str, int], seed: int = 0) -> None:
    """Vectors that tell the class, in the folders of `FOLDERS`.

    A video of IEMOCAP shows two speakers: a folder with a file for each.
    """
    rng = np.random.default_rng(seed)
    for modality, folder in FOLDERS.items():
        (root / folder).mkdir(parents=True)
        centres = rng.standard_normal((8, WIDTHS[modality]))
        for name, label in labels.items():
            vector = centres[label] + 0.5 * rng.standard_normal(WIDTHS[modality])
            vector = vector.astype(np.float32)
            path = root / folder / name
            if modality != "video" or not name.startswith("Ses"):
                np.save(path.with_name(f"{name}.npy"), vector)
                continue
            path.mkdir()
            for gender in "FM":
                shown = vector if gender == name[-4] else np.zeros_like(vector)
                np.save(path / f"compress_{gender}.npy", shown)
