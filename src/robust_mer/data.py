"""Utterances, folds and features of a corpus, as training and evaluation read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from robust_mer.errors import InputError
from robust_mer.jobs import log
from robust_mer.modality import Modality
from robust_mer.settings import Plugin
from robust_mer.store import Features, read_features
from robust_mer.table import PARTS, read_table
from robust_mer.tasks.task import Task, read_targets

BLOCK = 8192  # frames whose distances to a mean are held at once


@dataclass
class Corpus:
    """A corpus with its folds and the frames of every modality."""

    utterances: list[str]
    parts: dict[int, dict[str, np.ndarray]]
    """Rows of a part's utterances in ``utterances``, by fold and part."""
    modalities: tuple[Modality, ...]
    features: dict[str, Features]
    """By the name of the modality, in the order of ``modalities``."""

    @property
    def is_present(self) -> np.ndarray:
        """Whether each utterance has frames: bool [N, modalities]."""
        return np.column_stack([np.diff(store.offsets) > 0 for store in self.features.values()])


@dataclass
class LabelledCorpus(Corpus):
    """A corpus that models can be trained and tested on."""

    task: Task
    target: np.ndarray
    """Of every utterance [N, ...], as the task's loss takes it."""


def read_labelled_corpus(
    utterances_csv: str | Path,
    folds_csv: str | Path,
    modalities: Sequence[Modality],
    features: Sequence[str | Path],
    task: Plugin,
) -> LabelledCorpus:
    """As `read_corpus`, with the targets.

    Args:
        utterances_csv: See `read_corpus`.
        folds_csv: See `read_corpus`.
        modalities: See `read_corpus`.
        features: See `read_corpus`.
        task: What is predicted.

    Raises:
        InputError: as `read_corpus`, or a target is invalid.
    """
    corpus = read_corpus(utterances_csv, folds_csv, modalities, features)
    learnt, target = read_targets(read_table(utterances_csv), task.build())
    return LabelledCorpus(**vars(corpus), task=learnt, target=target)


def read_corpus(
    utterances_csv: str | Path,
    folds_csv: str | Path,
    modalities: Sequence[Modality],
    features: Sequence[str | Path],
) -> Corpus:
    """Read the tables of the index and the feature files of some modalities.

    Args:
        utterances_csv: The index.
        folds_csv: The folds.
        modalities: Those to read.
        features: Feature file of each modality, with the utterances of the index in order.

    Raises:
        InputError: the files do not fit together, a feature is not finite, or the training part of
            a fold has no frames of a modality.
    """
    utterances = read_table(utterances_csv, ["utterance"])["utterance"].tolist()
    stores = {
        modality.name: read_store(path, utterances, modality)
        for modality, path in zip(modalities, features, strict=True)
    }
    _check_aligned(utterances, stores)
    parts = _read_parts(folds_csv, utterances)
    _check_training_parts(parts, stores)
    return Corpus(utterances, parts, tuple(modalities), stores)


def read_store(path: str | Path, utterances: list[str], modality: Modality) -> Features:
    """Read the feature file of a modality.

    Args:
        path: The file.
        utterances: Those of the index; the file must hold them in this order.
        modality: Its ``not_finite`` replaces values that are NaN or infinite.

    Raises:
        InputError: the file does not fit the index, or a feature is not finite.
    """
    store = read_features(path)
    if store.utterances != utterances:
        raise InputError(
            f"{path} does not have the same utterances as the index; delete it and run again"
        )
    with np.errstate(invalid="ignore"):  # infinities of both signs may cancel
        total = store.values.sum(dtype=np.float64)
    if not np.isfinite(total):
        if modality.not_finite is None:
            _refuse(store, path)
        else:
            _replace(store, modality.name, modality.not_finite)
    return store


def check_alike(corrupted: Features, clean: Features, path: str | Path) -> None:
    """Refuse features of corrupted recordings that are not those of the clean ones.

    Args:
        corrupted: These.
        clean: Of the recordings as they are.
        path: File of ``corrupted``.

    Raises:
        InputError: their names or layers differ.
    """
    if (corrupted.names, corrupted.layers) != (clean.names, clean.layers):
        one, other = (
            f"{len(store.names)} dimensions" + f" of the layers {store.layers}" * bool(store.layers)
            for store in (corrupted, clean)
        )
        differing = f"{one}, but the clean features have {other}"
        if one == other:
            differing = f"{one} like the clean features, but under other names"
        raise InputError(f"{path} has {differing}; delete it and run again")


def _read_parts(path: str | Path, utterances: list[str]) -> dict[int, dict[str, np.ndarray]]:
    place = {utterance: index for index, utterance in enumerate(utterances)}
    folds = read_table(path, ["fold", "part", "utterance"])
    if not folds["fold"].str.fullmatch(r"[0-9]{1,9}").all():
        raise InputError(f"{path}: the column fold must contain whole numbers")
    folds["place"] = folds["utterance"].map(place)
    if folds["place"].isna().any():
        stranger = folds["utterance"][folds["place"].isna()].iloc[0]
        raise InputError(f"{path} names the utterance {stranger!r}, which the index does not have")
    return {
        int(str(fold)): {
            part: rows.loc[rows["part"] == part, "place"].to_numpy(dtype=np.int64, copy=True)
            for part in PARTS
        }
        for fold, rows in folds.groupby("fold", sort=False)
    }


def _check_aligned(utterances: list[str], stores: dict[str, Features]) -> None:
    """Check that modalities aligned to words have one frame per word, or no frames at all."""
    words = np.zeros(len(utterances), np.int64)
    for modality, store in stores.items():
        if "aligned_to" not in store.settings:
            continue
        lengths = np.diff(store.offsets)
        (wrong,) = ((words > 0) & (lengths > 0) & (lengths != words)).nonzero()
        if len(wrong):
            row = wrong[0]
            raise InputError(
                f"{utterances[row]} has {lengths[row]} words in {modality}, but {words[row]} in "
                "another modality: their feature files were aligned to different words. Delete "
                "*@words.h5 and run again"
            )
        words = np.maximum(words, lengths)


def _check_training_parts(
    parts: dict[int, dict[str, np.ndarray]], stores: dict[str, Features]
) -> None:
    """Check that every training part has frames of every modality, as normalisation needs."""
    for fold, of_fold in parts.items():
        for modality, store in stores.items():
            if not np.diff(store.offsets)[of_fold["train"]].any():
                raise InputError(f"fold {fold} has no {modality} frames in its training part")


def _replace(store: Features, modality: str, instead: float) -> None:
    values, utterances = store.count_not_finite()
    store.values[~np.isfinite(store.values)] = instead
    log.warning(
        "%s: %d values in %d utterances are not finite; replaced by %g",
        modality,
        values,
        utterances,
        instead,
    )


def _refuse(store: Features, path: str | Path) -> NoReturn:
    frame, dimension = np.argwhere(~np.isfinite(store.values))[0]
    utterance = store.utterances[np.searchsorted(store.offsets, frame, side="right") - 1]
    raise not_finite_error(path, utterance, store.names[dimension])


def not_finite_error(path: str | Path, utterance: str, dimension: str) -> InputError:
    """The error for a feature file with a NaN or infinite value that is not allowed."""
    return InputError(
        f"{path}: {utterance} has a value that is not finite in dimension {dimension!r}. To "
        "replace such values: not_finite: 0 for this modality of the corpus"
    )


@dataclass(frozen=True)
class Normaliser:
    """Mean and standard deviation per dimension over the frames of a fold's training part."""

    mean: np.ndarray
    """[D]."""
    deviation: np.ndarray
    """[D], 1 for a constant dimension."""

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Normalise frames [T, D]."""
        normalised: np.ndarray = (values - self.mean) / self.deviation
        return normalised


def fit_normalisers(corpus: Corpus, fold: int) -> dict[str, Normaliser]:
    """Statistics of a fold's training part, per modality; the identity if it is not normalised."""
    normalisers = {}
    for modality in corpus.modalities:
        store = corpus.features[modality.name]
        frames = store.values[:0]
        if modality.normalise:
            frames = training_frames(store, corpus.parts[fold]["train"])
        normalisers[modality.name] = fit_normaliser(frames, modality.normalise)
    return normalisers


def training_frames(features: Features, train: np.ndarray) -> np.ndarray:
    """All frames of the training part: float32 [T, D]."""
    return np.concatenate([features.frames(row) for row in train])


def fit_normaliser(frames: np.ndarray, normalise: bool) -> Normaliser:
    """Statistics of the training part's frames [T, D]; the identity if ``normalise`` is off."""
    width = frames.shape[1]
    if not normalise:
        return Normaliser(np.zeros(width, np.float32), np.ones(width, np.float32))
    mean = frames.mean(axis=0, dtype=np.float64)
    deviation = np.sqrt(_squares(frames, mean) / len(frames))
    deviation[deviation < 1e-8] = 1.0
    return Normaliser(mean.astype(np.float32), deviation.astype(np.float32))


def variance_of(frames: np.ndarray) -> float:
    """Variance of all values of ``frames`` [T, D]."""
    mean = frames.mean(dtype=np.float64, keepdims=True)
    return float(_squares(frames, mean).sum() / frames.size)


def _squares(frames: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Sum over frames [T, D] of their squared distance to ``mean``: [D].

    In float64 by blocks, because numpy's variance would copy all frames at twice their size.
    """
    total: np.ndarray = np.zeros(frames.shape[1])
    for first in range(0, len(frames), BLOCK):
        total += np.square(frames[first : first + BLOCK] - mean).sum(axis=0)
    return total
