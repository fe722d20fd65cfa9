"""Predictions of trained replicas under every condition of a corruption."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from robust_mer.corruption.names import conditions
from robust_mer.data import Corpus, Normaliser, read_corpus
from robust_mer.errors import InputError
from robust_mer.files import whole
from robust_mer.jobs import log, progress
from robust_mer.training.checkpoint import load_checkpoint
from robust_mer.training.frames import Frames, load_frames
from robust_mer.training.nets import Nets
from robust_mer.training.predict import PaddedPart, combine, embed, pick_device
from robust_mer.training.replica import (
    NO_CORRUPTION,
    CorruptionOfFold,
    corruption_of_fold,
    evaluation_frames,
)

_PARTS = ("validation", "test")


def evaluate_replicas(
    predictions: str | Path,
    checkpoints: list[str],
    utterances_csv: str | Path,
    folds_csv: str | Path,
    features: dict[str, str | Path],
    alpha_bars: dict[tuple[int, str], float],
    tested_on: str,
    not_finite: dict[str, float | None],
    noise: dict | None,
    device: str,
    threads: int,
) -> None:
    """Write the predictions of some replicas for validation and test part, all conditions.

    Each modality is encoded once clean and once corrupted; the conditions combine the embeddings.
    Tested on ``clean``, only the complete condition exists.

    Args:
        predictions: The parquet file to write; columns as in the contract: ``utterance, fold,
            seed, part, condition, label, predicted`` and ``probability_{class}``.
        checkpoints: One per replica.
        utterances_csv: The index.
        folds_csv: The folds.
        features: Feature file per modality, those that the model uses.
        alpha_bars: abar by (fold, modality) from the schedule of ``tested_on``.
        tested_on: Name of the corruption.
        not_finite: Per modality, what takes the place of values that are not finite; None: they
            are an error.
        noise: ``implementation``, ``settings`` and ``seed`` of the noise; None for ``clean``.
        device: ``auto``, ``cpu`` or ``cuda``.
        threads: CPU threads for torch.
    """
    torch.set_num_threads(threads)
    where = pick_device(device)
    corpus = read_corpus(utterances_csv, folds_csv, features, not_finite)
    frames = load_frames(corpus, where)
    table, parts = [], None
    for checkpoint in progress(checkpoints, len(checkpoints), "replicas evaluated"):
        model, normalisers, facts = load_checkpoint(checkpoint)
        if facts["classes"] != corpus.classes or list(facts["widths"]) != list(corpus.features):
            raise InputError(f"{checkpoint} was trained on other classes or modalities")
        if parts is None or not parts.serve(facts["fold"], normalisers):
            corruption = corruption_of_fold(
                tested_on, noise, alpha_bars, facts["fold"], list(corpus.features)
            )
            parts = _Parts.of(facts["fold"], normalisers, corpus, frames, corruption)
        table += _predict(Nets([model], where), facts["seed"], corpus, parts)
    result = pd.concat(table, ignore_index=True)
    with whole(predictions) as unfinished:
        result.to_parquet(unfinished, index=False)
    log.info("%d replicas, %d rows of predictions", len(checkpoints), len(result))


@dataclass(frozen=True)
class _Parts:
    """Validation and test part of a fold, ready to be encoded; the fold's seeds share them."""

    fold: int
    normalisers: dict[str, Normaliser]
    clean: dict[str, PaddedPart]
    noisy: dict[str, PaddedPart]  # empty where nothing is corrupted

    @classmethod
    def of(
        cls,
        fold: int,
        normalisers: dict[str, Normaliser],
        corpus: Corpus,
        frames: dict[str, Frames],
        corruption: CorruptionOfFold,
    ) -> "_Parts":
        def received(how: CorruptionOfFold) -> dict[str, PaddedPart]:
            padded = {}
            for part in _PARTS:
                rows = corpus.parts[fold][part]
                padded[part] = PaddedPart.of(
                    [evaluation_frames(frames, normalisers, corpus.utterances, rows, part, how)]
                )
            return padded

        noisy = {} if corruption.noise is None else received(corruption)
        return cls(fold, normalisers, received(NO_CORRUPTION), noisy)

    def serve(self, fold: int, normalisers: dict[str, Normaliser]) -> bool:
        """Whether these are the parts of a replica of this fold with these statistics."""
        return fold == self.fold and all(
            np.array_equal(own.mean, normalisers[modality].mean)
            and np.array_equal(own.deviation, normalisers[modality].deviation)
            for modality, own in self.normalisers.items()
        )


def _predict(net: Nets, seed: int, corpus: Corpus, parts: _Parts) -> list[pd.DataFrame]:
    tables = []
    for part in _PARTS:
        rows = corpus.parts[parts.fold][part]
        noisy = clean = embed(net, parts.clean[part])
        if parts.noisy:
            noisy = embed(net, parts.noisy[part])
        for condition, is_clean in conditions(list(corpus.features)).items():
            if not parts.noisy and not all(is_clean):
                continue
            logits = net.call("predict", *combine(clean, noisy, is_clean))[0]
            probability = logits.double().softmax(dim=1).cpu().numpy()
            tables.append(
                pd.DataFrame(
                    {
                        "utterance": [corpus.utterances[row] for row in rows],
                        "fold": parts.fold,
                        "seed": seed,
                        "part": part,
                        "condition": condition,
                        "label": [corpus.classes[k] for k in corpus.label[rows]],
                        "predicted": [corpus.classes[k] for k in probability.argmax(axis=1)],
                        **{
                            f"probability_{name}": probability[:, k]
                            for k, name in enumerate(corpus.classes)
                        },
                    }
                )
            )
    return tables
