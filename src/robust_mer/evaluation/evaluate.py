"""Predictions of trained replicas under every condition of a corruption."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import torch

from robust_mer.conditions import conditions
from robust_mer.corruption.corrupt import read_alpha_bars
from robust_mer.data import (
    LabelledCorpus,
    Normaliser,
    check_alike,
    read_labelled_corpus,
    read_store,
)
from robust_mer.engine.checkpoint import load_checkpoint
from robust_mer.engine.corruption import (
    NO_CORRUPTION,
    CorruptionOfFold,
    corruption_of_fold,
    evaluation_frames,
)
from robust_mer.engine.device import pick_device
from robust_mer.engine.frames import Frames, load_frames, load_stores
from robust_mer.engine.nets import Nets
from robust_mer.engine.predict import PaddedPart, combine, embed
from robust_mer.errors import InputError
from robust_mer.evaluation.spec import EvaluateFiles, EvaluateSpec
from robust_mer.files import whole
from robust_mer.jobs import log, progress
from robust_mer.runtime import Runtime

_PARTS = ("validation", "test")


def evaluate_replicas(spec: EvaluateSpec, files: EvaluateFiles, runtime: Runtime) -> None:
    """Write the predictions of replicas for validation and test part, all conditions.

    Each modality is encoded once clean and once corrupted; the conditions combine the embeddings.
    A modality that the corruption does not touch is clean in all of them: one that touches a single
    modality, as ``babble_5dB`` does, has the complete condition and the one in which all others are
    clean. ``clean`` has only the complete condition.

    The parquet file has the columns ``utterance, fold, seed, part, condition``, those of the task
    and those of the model; see `Task.prediction_columns` and `Model.describe`.

    Args:
        spec: What to evaluate.
        files: Input and output files.
        runtime: Device and threads.

    Raises:
        InputError: a checkpoint does not fit the corpus.
    """
    torch.set_num_threads(runtime.threads)
    device = pick_device(runtime.device)
    corpus = read_labelled_corpus(
        files.utterances, files.folds, spec.modalities, files.features, spec.task
    )
    received = _Received.of(spec, files, corpus, device)
    trusted = [spec.implementation or "", spec.task.implementation]
    table: list[pd.DataFrame] = []
    parts = None
    for checkpoint in progress(files.checkpoints, len(files.checkpoints), "replicas evaluated"):
        model, normalisers, facts = load_checkpoint(checkpoint, trusted)
        learnt = {**asdict(spec.task), "description": corpus.task.describe()}
        if facts["task"] != json.loads(json.dumps(learnt)):
            raise InputError(
                f"{checkpoint} was trained on other targets (e.g. classes) than the corpus has"
            )
        if list(facts["inputs"]) != list(corpus.features):
            raise InputError(f"{checkpoint} was trained on other modalities than the corpus has")
        if parts is None or not parts.serve(facts["fold"], normalisers):
            parts = _Parts.of(facts["fold"], normalisers, corpus, received)
        table += _predict(Nets([model], device), facts["seed"], corpus, parts)
    result = pd.concat(table, ignore_index=True)
    with whole(files.predictions) as unfinished:
        result.to_parquet(unfinished, index=False)
    log.info("%d replicas, %d rows of predictions", len(files.checkpoints), len(result))


@dataclass(frozen=True)
class _Received:
    """The frames of a corpus and their corruption."""

    spec: EvaluateSpec
    alpha_bars: dict[tuple[int, str], float]
    clean: dict[str, Frames]
    frames: dict[str, Frames]
    """The same, with the features of corrupted recordings, before noise is added."""

    @classmethod
    def of(
        cls, spec: EvaluateSpec, files: EvaluateFiles, corpus: LabelledCorpus, device: torch.device
    ) -> "_Received":
        """Read the corrupted features and the schedule, if any."""
        clean = load_frames(corpus, device)
        corrupted = {}
        recorded = [one for one in spec.modalities if one.name in spec.corruption.recorded]
        for modality, path in zip(recorded, files.corrupted, strict=True):
            store = read_store(path, corpus.utterances, modality)
            check_alike(store, corpus.features[modality.name], path)
            corrupted[modality.name] = load_stores([store], device)
        alpha_bars = read_alpha_bars(files.schedule) if files.schedule else {}
        return cls(spec, alpha_bars, clean, {**clean, **corrupted})

    @property
    def touched(self) -> list[str]:
        """The modalities that are corrupted."""
        return [name for name in self.spec.corruption.touched if name in self.clean]

    def corruption(self, fold: int) -> CorruptionOfFold:
        """The corruption with the schedule of a fold."""
        return corruption_of_fold(self.spec.corruption, self.alpha_bars, fold)


@dataclass(frozen=True)
class _Parts:
    """Validation and test part of a fold, padded; the fold's seeds share them."""

    fold: int
    normalisers: dict[str, Normaliser]
    touched: list[str]
    """Modalities that are corrupted."""
    clean: dict[str, PaddedPart]
    noisy: dict[str, PaddedPart]
    """Empty if nothing is corrupted."""

    @classmethod
    def of(
        cls,
        fold: int,
        normalisers: dict[str, Normaliser],
        corpus: LabelledCorpus,
        received: _Received,
    ) -> "_Parts":
        """Pad the parts of a fold."""

        def pad(frames: dict[str, Frames], corruption: CorruptionOfFold) -> dict[str, PaddedPart]:
            padded = {}
            for part in _PARTS:
                rows = corpus.parts[fold][part]
                values = evaluation_frames(
                    frames, normalisers, corpus.utterances, rows, part, corruption
                )
                padded[part] = PaddedPart.of([values])
            return padded

        touched = received.touched
        noisy = pad(received.frames, received.corruption(fold)) if touched else {}
        return cls(fold, normalisers, touched, pad(received.clean, NO_CORRUPTION), noisy)

    def serve(self, fold: int, normalisers: dict[str, Normaliser]) -> bool:
        """Whether a replica with this fold and these statistics can use these parts."""
        return fold == self.fold and all(
            np.array_equal(normaliser.mean, normalisers[modality].mean)
            and np.array_equal(normaliser.deviation, normalisers[modality].deviation)
            for modality, normaliser in self.normalisers.items()
        )


def _predict(net: Nets, seed: int, corpus: LabelledCorpus, parts: _Parts) -> Iterator[pd.DataFrame]:
    """Predictions of one replica, a table per part and condition."""
    for part in _PARTS:
        rows = corpus.parts[parts.fold][part]
        noisy = clean = embed(net, parts.clean[part])
        if parts.noisy:
            noisy = embed(net, parts.noisy[part])
        for condition, is_clean in conditions(list(corpus.features), parts.touched).items():
            received, condition_mask = combine(clean, noisy, is_clean)
            output = net.predict(received, condition_mask)[0]
            said = {name: values[0].cpu() for name, values in net.describe(received).items()}
            yield pd.DataFrame(
                {
                    "utterance": [corpus.utterances[row] for row in rows],
                    "fold": parts.fold,
                    "seed": seed,
                    "part": part,
                    "condition": condition,
                    **corpus.task.prediction_columns(corpus.target[rows], output),
                    **{name: values.numpy() for name, values in said.items()},
                }
            )
