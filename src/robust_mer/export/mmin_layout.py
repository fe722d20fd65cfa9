"""Corrupted features in the layout of MMIN's code, for other people's programs.

``A/comparE.h5``, ``V/denseface.h5`` and ``L/bert_large.h5`` hold a dataset [T, D] an utterance,
``A/comparE_mean_std.h5`` what that code normalises acoustic features with, and
``target/{fold}/{trn,val,tst}_{label,int2name}.npy`` labels (one-hot) and names.

J. Zhao, R. Li, Q. Jin, "Missing modality imagination network for emotion recognition with uncertain
missing modalities", ACL 2021.
"""

import shutil
from pathlib import Path

import h5py
import numpy as np
import torch

from robust_mer.data import Corpus, fit_normalisers, read_corpus
from robust_mer.errors import InputError
from robust_mer.files import whole
from robust_mer.jobs import log
from robust_mer.protocol import Corruption, noise_specs
from robust_mer.training.frames import Frames, load_frames
from robust_mer.training.replica import CorruptionOfFold, corruption_of_fold, evaluation_frames

_FILES = {"audio": "A/comparE", "video": "V/denseface", "text": "L/bert_large"}
_PARTS = {"train": "trn", "validation": "val", "test": "tst"}


def export_features(
    folder: str | Path,
    readme: str | Path,
    utterances_csv: str | Path,
    folds_csv: str | Path,
    features: dict[str, str | Path],
    extractors: dict[str, str],
    normalise: dict[str, bool],
    not_finite: dict[str, float | None],
    noises: dict[str, dict],
    alpha_bars: dict[tuple[int, str], float],
    corruption: str,
    fold: int,
    seed: int,
) -> None:
    """Write the features of a fold under a corruption that touches all utterances.

    Values are normalised as in training, so that the noise lies on them as it does there. The noise
    of validation and test part is that of this package's own evaluation. That of the training part
    is one draw more of the same kind, while models here meet a new one at every access.

    Args:
        folder: The tree to write.
        readme: A page that says what is in it.
        utterances_csv: The index.
        folds_csv: The folds.
        features: Feature file per modality.
        extractors: Name of the extractor per modality.
        normalise: Per modality, whether it is normalised.
        not_finite: Per modality, what takes the place of values that are not finite.
        noises: Per modality that it touches, what `robust_mer.config.Config.noises` says of the
            corruption; nothing for ``clean``.
        alpha_bars: abar by (fold, modality).
        corruption: Its name.
        fold: Which fold.
        seed: Of the noise.

    Raises:
        InputError: an utterance has a name that the layout cannot hold.
    """
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    corpus = read_corpus(utterances_csv, folds_csv, features, not_finite)
    _check_names(corpus.utterances)
    how = corruption_of_fold(Corruption(corruption, noise_specs(noises), seed), alpha_bars, fold)
    normalisers = fit_normalisers(corpus, fold, normalise)
    frames = load_frames(corpus, torch.device("cpu"))
    silent = {}
    for modality in frames:
        one = {modality: frames[modality]}
        name = _FILES.get(modality, f"{modality[0].upper()}/{extractors[modality]}")
        silent[modality] = _write_modality(
            folder / f"{name}.h5", one, normalisers, corpus, fold, how
        )
    if "audio" in frames:
        _write_mean_std(folder / f"{_FILES['audio']}_mean_std.h5", frames["audio"], fold)
    _write_targets(folder / "target" / str(fold), corpus, fold)
    with whole(readme) as unfinished:
        unfinished.write_text(
            _readme(corpus, extractors, normalise, silent, corruption, fold, seed),
            encoding="utf-8",
        )
    log.info("%s, fold %d: %d modalities", corruption, fold, len(frames))


def _check_names(utterances: list[str]) -> None:
    """A dataset's name is a path in HDF5: ``/`` makes groups, and ``.`` is the group itself."""
    for name in utterances:
        if "/" in name or name == ".":
            raise InputError(
                f"utterance {name!r}: MMIN's layout has a dataset of the utterance's name, which "
                "cannot hold '/' or be '.'; rename it in the corpus"
            )


def _write_modality(
    path: Path,
    frames: dict[str, Frames],
    normalisers: dict,
    corpus: Corpus,
    fold: int,
    corruption: CorruptionOfFold,
) -> int:
    """Write a modality's file; how many of its utterances had no frames."""
    ((modality, _),) = frames.items()
    silent = 0
    with whole(path) as unfinished, h5py.File(unfinished, "w") as file:
        for part, rows in corpus.parts[fold].items():
            received = evaluation_frames(
                frames, normalisers, corpus.utterances, rows, part, corruption
            )[modality]
            values = received.values.numpy()
            for row, start, length in zip(rows, received.start, received.length, strict=True):
                own = values[start : start + length]
                if not length:
                    silent += 1
                    own = np.zeros((1, values.shape[1]), np.float32)
                file[corpus.utterances[row]] = own
    return silent


def _write_mean_std(path: Path, frames: Frames, fold: int) -> None:
    """Statistics that change nothing: the features are normalised already."""
    width = frames.values.shape[1]
    with whole(path) as unfinished, h5py.File(unfinished, "w") as file:
        file[f"{fold}/mean"] = np.zeros(width, np.float32)
        file[f"{fold}/std"] = np.ones(width, np.float32)


def _write_targets(folder: Path, corpus: Corpus, fold: int) -> None:
    one_hot = np.eye(len(corpus.classes), dtype=np.float32)
    folder.mkdir(parents=True)
    for part, rows in corpus.parts[fold].items():
        names = np.array([corpus.utterances[row].encode() for row in rows])
        np.save(folder / f"{_PARTS[part]}_label.npy", one_hot[corpus.label[rows]])
        np.save(folder / f"{_PARTS[part]}_int2name.npy", names[:, None])


def _readme(
    corpus: Corpus,
    extractors: dict[str, str],
    normalise: dict[str, bool],
    silent: dict[str, int],
    corruption: str,
    fold: int,
    seed: int,
) -> str:
    lines = [
        f"# {corruption}, fold {fold}",
        "",
        f"Features of {len(corpus.utterances)} utterances in MMIN's layout, in `features/`. Every "
        "utterance is corrupted; the clean modalities of a condition are in the tree of `clean`.",
        "",
        "| modality | file | extractor | normalised (training part) | utterances without frames |",
        "|---|---|---|---|---:|",
        *(
            f"| {m} | `{_FILES.get(m, f'{m[0].upper()}/{name}')}.h5` | `{name}` | "
            f"{'yes' if normalise[m] else 'no'} | {silent[m]} |"
            for m, name in extractors.items()
        ),
        "",
        f"- Classes, in the order of the labels: {', '.join(corpus.classes)}",
        f"- Noise: seed {seed}; that of validation and test part is what the workflow's own models "
        "are tested on, that of the training part one draw of the same kind.",
        "- An utterance in which nothing was found has one frame of zeros here.",
        "- `A/comparE_mean_std.h5` holds zeros and ones: the features are normalised.",
        "",
    ]
    return "\n".join(lines)
