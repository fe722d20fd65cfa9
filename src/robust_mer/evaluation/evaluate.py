"""Predictions of trained replicas under every condition of a corruption."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from robust_mer.data import Corpus, Normaliser, read_corpus, read_store
from robust_mer.errors import InputError
from robust_mer.files import whole
from robust_mer.jobs import log, progress
from robust_mer.protocol import Corruption, conditions, noise_specs
from robust_mer.training.checkpoint import load_checkpoint
from robust_mer.training.frames import Frames, load_frames, load_store
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
    noises: dict[str, dict],
    alpha_bars: dict[tuple[int, str], float],
    seed: int,
    not_finite: dict[str, float | None],
    device: str,
    threads: int,
    corrupted: dict[str, str | Path] | None = None,
) -> None:
    """Write the predictions of some replicas for validation and test part, all conditions.

    Each modality is encoded once clean and once corrupted; the conditions combine the embeddings.
    A modality that the corruption does not touch is clean in all of them. Tested on ``clean``,
    only the complete condition exists; tested on a corruption of recordings, which touches one
    modality, the complete one and that in which all others are clean.

    Args:
        predictions: The parquet file to write; columns as in the contract: ``utterance, fold,
            seed, part, condition, label, predicted`` and ``probability_{class}``.
        checkpoints: One per replica.
        utterances_csv: The index.
        folds_csv: The folds.
        features: Feature file per modality, those that the model uses.
        noises: What the replicas are tested on: per modality that it touches, what
            `robust_mer.config.Config.noises` says of it; nothing for ``clean``.
        alpha_bars: abar by (fold, modality) from the schedule of that.
        seed: Of the noise.
        not_finite: Per modality, what takes the place of values that are not finite; None: they
            are an error.
        device: ``auto``, ``cpu`` or ``cuda``.
        threads: CPU threads for torch.
        corrupted: Of a corruption of recordings: feature file of the modality that it touches.
    """
    torch.set_num_threads(threads)
    where = pick_device(device)
    corpus = read_corpus(utterances_csv, folds_csv, features, not_finite)
    frames = load_frames(corpus, where)
    received = dict(frames)
    for modality, path in (corrupted or {}).items():
        store = read_store(path, corpus.utterances, modality, not_finite[modality])
        received[modality] = load_store(store, where)
    touched = list(corrupted or noises)
    table, parts = [], None
    for checkpoint in progress(checkpoints, len(checkpoints), "replicas evaluated"):
        model, normalisers, facts = load_checkpoint(checkpoint)
        if facts["classes"] != corpus.classes or list(facts["widths"]) != list(corpus.features):
            raise InputError(f"{checkpoint} was trained on other classes or modalities")
        if parts is None or not parts.serve(facts["fold"], normalisers):
            corruption = corruption_of_fold(
                Corruption("", noise_specs(noises), seed), alpha_bars, facts["fold"]
            )
            parts = _Parts.of(
                facts["fold"], normalisers, corpus, frames, received, touched, corruption
            )
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
    touched: list[str]  # modalities that are corrupted
    clean: dict[str, PaddedPart]
    noisy: dict[str, PaddedPart]  # empty where nothing is corrupted

    @classmethod
    def of(
        cls,
        fold: int,
        normalisers: dict[str, Normaliser],
        corpus: Corpus,
        frames: dict[str, Frames],
        received: dict[str, Frames],
        touched: list[str],
        corruption: CorruptionOfFold,
    ) -> "_Parts":
        def pad(some: dict[str, Frames], how: CorruptionOfFold) -> dict[str, PaddedPart]:
            padded = {}
            for part in _PARTS:
                rows = corpus.parts[fold][part]
                padded[part] = PaddedPart.of(
                    [evaluation_frames(some, normalisers, corpus.utterances, rows, part, how)]
                )
            return padded

        noisy = pad(received, corruption) if touched else {}
        return cls(fold, normalisers, touched, pad(frames, NO_CORRUPTION), noisy)

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
        for condition, is_clean in conditions(list(corpus.features), parts.touched).items():
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
