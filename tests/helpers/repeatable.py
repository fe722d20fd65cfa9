"""Whether features of tiny networks are the same in any order, batch and process.

As a program: writes the features of networks, for another process to compare.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from helpers.networks import (
    AUDIO,
    PICTURES,
    TEXTS,
    WORDS,
    build,
    pictures,
    rows_of,
    seen,
    sound,
    spoken,
    written,
)

ROOT = Path(__file__).parents[2]


def assert_repeatable(folders: dict[str, Path], work: Path) -> None:
    """Compare the features of networks.

    Args:
        folders: By name of the network.
        work: A folder for recordings.
    """
    file = work / "child.npz"
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    path = os.pathsep.join(str(ROOT / part) for part in ("src", "tests"))
    pairs = [f"{name}={folder}" for name, folder in folders.items()]
    subprocess.run(
        [sys.executable, "-m", "helpers.repeatable", str(file), *pairs],
        check=True,
        env={**kept, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )
    other = np.load(file)
    for name, folder in folders.items():
        rows = rows_of(name, folder, work)
        extractor = build(name, folder)
        for place, values in enumerate(rows):
            np.testing.assert_allclose(values, other[f"{name} {place}"], atol=1e-4, err_msg=name)
            alone = [_alone(name, extractor, place, work) for _ in range(2)]
            np.testing.assert_array_equal(*alone, err_msg=name)
            np.testing.assert_allclose(values, alone[0], atol=1e-4, err_msg=name)
        if name in PICTURES and name != "videomae":
            single = seen(extractor, pictures(4, 2)[1:2])
            np.testing.assert_allclose(rows[2][1:2], single, atol=1e-4, err_msg=name)


def _alone(name, extractor, place: int, work: Path) -> np.ndarray:
    """The features of one utterance."""
    if name in AUDIO:
        return extractor.extract(spoken(work, sound(place))).values
    if name in TEXTS:
        return extractor.extract(written(WORDS[place])).values
    return seen(extractor, pictures(4, place))


def main(file: str, *pairs: str) -> None:
    """Write the features of networks, extracted in another order."""
    torch.set_num_threads(1)
    kept = {}
    for pair in pairs:
        name, folder = pair.split("=", 1)
        for place, rows in enumerate(rows_of(name, Path(folder), Path(folder), (2, 0, 1))):
            kept[f"{name} {place}"] = rows
    np.savez(file, **kept)


if __name__ == "__main__":
    main(*sys.argv[1:])
