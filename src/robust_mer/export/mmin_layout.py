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

from robust_mer.conditions import Corruption
from robust_mer.corruption.corrupt import read_alpha_bars
from robust_mer.data import LabelledCorpus, Normaliser, fit_normalisers, read_labelled_corpus
from robust_mer.engine.corruption import CorruptionOfFold, corruption_of_fold, evaluation_frames
from robust_mer.engine.frames import Frames, load_frames
from robust_mer.errors import InputError
from robust_mer.export.spec import ExportFeaturesFiles, ExportFeaturesSpec
from robust_mer.files import whole
from robust_mer.jobs import log
from robust_mer.modality import Modality
from robust_mer.runtime import Runtime
from robust_mer.tasks.classification import Classification

_FILES = {"audio": "A/comparE", "video": "V/denseface", "text": "L/bert_large"}
_PARTS = {"train": "trn", "validation": "val", "test": "tst"}


def export_features(spec: ExportFeaturesSpec, files: ExportFeaturesFiles, runtime: Runtime) -> None:
    """Write the features of a fold under a corruption that touches all utterances.

    Values are normalised as in training, so that the noise lies on them as it does there. The noise
    of validation and test part is that of this package's own evaluation. That of the training part
    is one draw more of the same kind, while models here meet a new one at every access.

    Raises:
        InputError: an utterance has a name that the layout cannot hold.
    """
    folder, fold, modalities = files.tree, spec.fold, spec.modalities
    shutil.rmtree(folder, ignore_errors=True)
    corpus = read_labelled_corpus(
        files.utterances, files.folds, modalities, files.features, spec.task
    )
    _check_names(corpus.utterances)
    alpha_bars = read_alpha_bars(files.schedule) if files.schedule else {}
    how = corruption_of_fold(spec.corruption, alpha_bars, fold)
    normalisers = fit_normalisers(corpus, fold)
    frames = load_frames(corpus, torch.device("cpu"))
    silent = {}
    for modality in modalities:
        one = {modality.name: frames[modality.name]}
        silent[modality.name] = _write_modality(
            folder / f"{_file(modality)}.h5", one, normalisers, corpus, fold, how
        )
    if "audio" in frames:
        _write_mean_std(folder / f"{_FILES['audio']}_mean_std.h5", frames["audio"], fold)
    _write_targets(folder / "target" / str(fold), corpus, fold)
    with whole(files.readme) as unfinished:
        unfinished.write_text(
            _readme(corpus, silent, spec.corruption, fold),
            encoding="utf-8",
        )
    log.info("%s, fold %d: %d modalities", spec.corruption.name, fold, len(frames))


def _file(modality: Modality) -> str:
    """Path of a modality's file in the tree, without suffix."""
    return _FILES.get(modality.name, f"{modality.name[0].upper()}/{modality.extractor}")


def _classes(corpus: LabelledCorpus) -> list[str]:
    """The classes, which are all that the layout can hold as targets."""
    if not isinstance(corpus.task, Classification):
        raise InputError(
            f"MMIN's layout can hold classes only, not {', '.join(corpus.task.columns)}"
        )
    return corpus.task.classes


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
    normalisers: dict[str, Normaliser],
    corpus: LabelledCorpus,
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


def _write_targets(folder: Path, corpus: LabelledCorpus, fold: int) -> None:
    one_hot = np.eye(len(_classes(corpus)), dtype=np.float32)
    folder.mkdir(parents=True)
    for part, rows in corpus.parts[fold].items():
        names = np.array([corpus.utterances[row].encode() for row in rows])
        np.save(folder / f"{_PARTS[part]}_label.npy", one_hot[corpus.target[rows]])
        np.save(folder / f"{_PARTS[part]}_int2name.npy", names[:, None])


def _readme(
    corpus: LabelledCorpus, silent: dict[str, int], corruption: Corruption, fold: int
) -> str:
    lines = [
        f"# {corruption.name}, fold {fold}",
        "",
        f"Features of {len(corpus.utterances)} utterances in MMIN's layout, in `features/`. Every "
        "utterance is corrupted; the clean modalities of a condition are in the tree of `clean`.",
        "",
        "| modality | file | extractor | normalised (training part) | utterances without frames |",
        "|---|---|---|---|---:|",
        *(
            f"| {m.name} | `{_file(m)}.h5` | `{m.extractor}` | "
            f"{'yes' if m.normalise else 'no'} | {silent[m.name]} |"
            for m in corpus.modalities
        ),
        "",
        f"- Classes, in the order of the labels: {', '.join(_classes(corpus))}",
        f"- Noise: seed {corruption.seed}; that of validation and test part is what the workflow's "
        "own models are tested on, that of the training part one draw of the same kind.",
        "- An utterance in which nothing was found has one frame of zeros here.",
        "- `A/comparE_mean_std.h5` holds zeros and ones: the features are normalised.",
        "",
    ]
    return "\n".join(lines)
