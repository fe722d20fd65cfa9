"""Predictions of trained replicas under every condition of a corruption."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

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
    table = []
    for checkpoint in progress(checkpoints, len(checkpoints), "replicas evaluated"):
        table += _evaluate(checkpoint, corpus, frames, alpha_bars, tested_on, noise, where)
    result = pd.concat(table, ignore_index=True)
    with whole(predictions) as unfinished:
        result.to_parquet(unfinished, index=False)
    log.info("%d replicas, %d rows of predictions", len(checkpoints), len(result))


def _evaluate(
    checkpoint: str,
    corpus: Corpus,
    frames: dict[str, Frames],
    alpha_bars: dict[tuple[int, str], float],
    tested_on: str,
    noise: dict | None,
    device: torch.device,
) -> list[pd.DataFrame]:
    model, normalisers, facts = load_checkpoint(checkpoint)
    if facts["classes"] != corpus.classes or list(facts["widths"]) != list(corpus.features):
        raise InputError(f"{checkpoint} was trained on other classes or modalities")
    net = Nets([model], device)
    modalities, fold = list(corpus.features), facts["fold"]
    corruption = corruption_of_fold(tested_on, noise, alpha_bars, fold, modalities)
    tables = []
    for part in _PARTS:
        rows = corpus.parts[fold][part]
        noisy = clean = _embed_part(
            net, frames, normalisers, corpus.utterances, rows, part, NO_CORRUPTION
        )
        if noise is not None:
            noisy = _embed_part(net, frames, normalisers, corpus.utterances, rows, part, corruption)
        for condition, is_clean in conditions(modalities).items():
            if noise is None and not all(is_clean):
                continue
            logits = net.call("forward", combine(clean, noisy, is_clean))[0]
            probability = logits.double().softmax(dim=1).cpu().numpy()
            tables.append(
                pd.DataFrame(
                    {
                        "utterance": [corpus.utterances[row] for row in rows],
                        "fold": fold,
                        "seed": facts["seed"],
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


def _embed_part(
    net: Nets,
    frames: dict[str, Frames],
    normalisers: dict[str, Normaliser],
    utterances: list[str],
    rows: np.ndarray,
    part: str,
    corruption: CorruptionOfFold,
) -> dict[str, Tensor]:
    received = evaluation_frames(frames, normalisers, utterances, rows, part, corruption)
    return embed(net, PaddedPart.of([received]))
